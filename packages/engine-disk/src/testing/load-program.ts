// A process that publishes as fast as it is answered and says what was answered. It is killed.
//
//   node --conditions heddle-source --import tsx load-program.ts FOLDER

import { writeSync } from "node:fs";
import { systemClock, systemRandom } from "@heddle/base/system";
import { disk } from "@heddle/engine-disk";
import { draftBy } from "./drafts.ts";
import { channelOf, producers } from "./load.ts";

const [path = ""] = process.argv.slice(2);
const engine = disk({ path, sync: "always" });
await engine.start({ clock: systemClock(), random: systemRandom() });

async function publish(producer: number): Promise<void> {
  for (let n = 1; ; n++) {
    const answer = await engine.log.append(channelOf(producer), draftBy(`x${producer}`, n));
    if (answer.s !== "new") throw new Error(`x${producer}:${n} was answered ${answer.s}`);
    say(`${JSON.stringify([producer, n, answer.pos])}\n`);
  }
}

/** Synchronous, so that what is written was answered before the kill. Waits while the reader is behind and the pipe is full. */
function say(line: string): void {
  for (let rest = Buffer.from(line); rest.length > 0;) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}

await Promise.all(Array.from({ length: producers }, (_, producer) => publish(producer)));
