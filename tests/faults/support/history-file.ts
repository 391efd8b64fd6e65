// History on disk: every event is one line, in the file before anything else happens, so that a process that is killed has
// said everything it saw. All processes of a machine share one monotonic clock.

import { openSync, readdirSync, readFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "@heddle/base";
import { systemClock } from "@heddle/base/system";
import type { HistoryEvent } from "@heddle/testkit/checker";
import { Recorder } from "@heddle/testkit/simulation";

/** CLOCK_MONOTONIC of the machine, the same in all its processes. Milliseconds. */
const machineMs = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;

/** The machine's clock, with one monotonic reading for all processes. */
export const machineClock = (): Clock => ({ ...systemClock(), monotonicMs: machineMs });

const begins: readonly string[] = ["pub", "history", "request"];
const ends: readonly string[] = ["pub-ok", "pub-fail", "pub-unknown", "history-ok", "request-ok", "request-fail"];

export class FileRecorder extends Recorder {
  /** What was asked and not answered yet. */
  openCount = 0;
  readonly #file: number;
  readonly #name: string;
  #isOver = false;

  /** @param name  of this run of the process; also of its file, and of everything only it may name */
  constructor(folder: string, name: string) {
    super(machineClock());
    this.#name = name;
    this.#file = openSync(join(folder, `${name}.jsonl`), "a");
  }

  override record(event: Parameters<Recorder["record"]>[0]): void {
    if (this.#isOver) return;
    if (begins.includes(event.f)) this.openCount++;
    else if (ends.includes(event.f)) this.openCount--;
    writeSync(this.#file, `${JSON.stringify({ ts: machineMs(), ...event })}\n`);
  }

  override op(prefix: string): string {
    return `${this.#name}/${super.op(prefix)}`;
  }

  /** What happens from now on is not part of the history. */
  end(): void {
    this.#isOver = true;
  }
}

/** Every event of every file of a run, in order of time. A line a kill cut short was never said. */
export function readHistory(folder: string): HistoryEvent[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".jsonl"));
  const events = files.flatMap((file) => {
    const lines = readFileSync(join(folder, file), "utf8").split("\n");
    lines.pop(); // behind the last line break: nothing, or what was cut short
    return lines.map((line) => JSON.parse(line) as HistoryEvent);
  });
  return events.sort((a, b) => a.ts - b.ts); // stable: what one process said in a breath stays in its order
}

/** Replaces a file in one step, so that a kill leaves the old content or the new. */
export function replaceFile(path: string, value: unknown): void {
  writeFileSync(`${path}.new`, JSON.stringify(value));
  renameSync(`${path}.new`, path);
}
