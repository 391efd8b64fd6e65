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
    // Synchronous, so that what is written was answered before the kill.
    writeSync(1, `${JSON.stringify([producer, n, answer.pos])}\n`);
  }
}

await Promise.all(Array.from({ length: producers }, (_, producer) => publish(producer)));
