// A real process on a real disk, killed in the middle of its work.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { systemClock, systemRandom } from "@heddle/base/system";
import type { Pos } from "@heddle/protocol";
import { expect, it } from "vitest";
import { disk } from "./index.ts";
import { draftBy } from "./testing/drafts.ts";
import { channelOf, producers } from "./testing/load.ts";

const program = fileURLToPath(new URL("./testing/load-program.ts", import.meta.url));
const enough = 3_000;

type Answered = readonly [producer: number, n: number, pos: Pos];

/** Runs the program on this folder until it said enough, kills it, and returns everything it said. */
async function runAndKill(path: string): Promise<readonly Answered[]> {
  const child = spawn(process.execPath, ["--conditions", "heddle-source", "--import", "tsx", program, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const answered: Answered[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.endsWith("]")) answered.push(JSON.parse(line) as Answered); // the last line may be cut off
    if (answered.length === enough) child.kill("SIGKILL");
  }
  expect(await ended).toEqual([null, "SIGKILL"]);
  return answered;
}

it("has every acknowledged append after kill -9: once, in order, in the same epoch, and known when sent again", async () => {
  const path = await mkdtemp(join(tmpdir(), "heddle-kill-"));
  try {
    const answered = await runAndKill(path);
    expect(new Set(answered.map(([producer]) => producer)).size).toBe(producers);
    const engine = disk({ path, sync: "always" });
    await engine.start({ clock: systemClock(), random: systemRandom() });
    try {
      for (const channel of new Set(answered.map(([producer]) => channelOf(producer)))) {
        const { entries, head } = await engine.log.read(channel, { last: 100_000, limit: 100_000, bytes: 1e9 });
        expect(entries.map(({ pos }) => pos.offset)).toEqual(entries.map((_, index) => index + 1));
        expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
        for (const [producer, n, pos] of answered.filter(([each]) => channelOf(each) === channel)) {
          expect(pos.epoch).toBe(head.epoch);
          expect(entries[pos.offset - 1]).toMatchObject({ pos, id: `x${producer}:${n}` });
        }
        for (let producer = 0; producer < producers; producer++) {
          const own = entries.filter(({ id }) => id.startsWith(`x${producer}:`));
          expect(own.map(({ id }) => id)).toEqual(own.map((_, index) => `x${producer}:${index + 1}`));
        }
      }
      const last = new Map(answered.map((each) => [each[0], each]));
      for (const [producer, n] of last.values()) {
        const again = await engine.log.append(channelOf(producer), draftBy(`x${producer}`, n));
        expect(again.s).toBe("dup");
      }
    } finally {
      await engine.stop();
    }
  } finally {
    await rm(path, { recursive: true });
  }
}, 60_000);
