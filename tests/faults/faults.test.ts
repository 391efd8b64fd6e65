import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { History, HistoryEvent } from "@heddle/testkit/checker";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { belowFloors } from "./support/floors.ts";
import { judge } from "./support/judge.ts";
import { engineNames as engines, type EngineName } from "./support/engines.ts";
import { runFaults, type RunResult } from "./support/run.ts";
import { sets, type RunSet } from "./support/sets.ts";

const keep = mkdtempSync(join(tmpdir(), "heddle-faults-test-"));
const smoke = sets["smoke"] as RunSet;
const seed = Number(process.env["HEDDLE_SEED"] ?? 1);
const results = new Map<EngineName, RunResult>();
const of = (engine: EngineName): RunResult => results.get(engine) as RunResult;

beforeAll(async () => {
  const run = async (engine: EngineName) => results.set(engine, await runFaults({ ...smoke, engine, seed, keep }));
  await Promise.all(engines.map(run));
});
afterAll(() => {
  if ([...results.values()].every(({ problems }) => problems.length === 0)) rmSync(keep, { recursive: true });
});

describe("real processes under faults", () => {
  it.each(engines)("keep every guarantee on %s, and meet what they must", (engine) => {
    const { problems, folder } = of(engine);
    expect(problems, `seed ${seed}, histories in ${folder}`).toEqual([]);
  });
});

/** A copy of a run's files with the first line changed for which `change` has another one, or none, or several. */
function planted(
  change: (event: HistoryEvent, earlier: History, later: History) => HistoryEvent[] | undefined,
  engine: EngineName = "memory",
): string {
  const folder = mkdtempSync(join(keep, "planted-"));
  cpSync(of(engine).folder, folder, { recursive: true });
  for (const file of readdirSync(folder).filter((name) => /^c.*\.jsonl$/.test(name))) {
    const events = readFileSync(join(folder, file), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as HistoryEvent);
    for (const [index, event] of events.entries()) {
      const instead = change(event, events.slice(0, index), events.slice(index + 1));
      if (instead === undefined) continue;
      events.splice(index, 1, ...instead);
      writeFileSync(join(folder, file), `${events.map((line) => JSON.stringify(line)).join("\n")}\n`);
      return folder;
    }
  }
  throw new Error("no line to plant this in");
}

/** Whether `event` stands in the middle of its subscription's deliveries on a channel that loses nothing. */
function isInTheMiddle(event: HistoryEvent, earlier: History, later: History): boolean {
  if (event.f !== "deliver") return false;
  const isOfThis = (other: HistoryEvent): boolean =>
    "sub" in other && other.sub === event.sub && other.f !== "volatile";
  const isBeside = (other: HistoryEvent | undefined, step: number): boolean =>
    other?.f === "deliver" && other.pos.epoch === event.pos.epoch && other.pos.offset === event.pos.offset + step;
  const losesNothing = earlier.some((other) => other.f === "sub" && other.sub === event.sub && other.mode === "resume");
  return losesNothing && isBeside(earlier.findLast(isOfThis), -1) && isBeside(later.find(isOfThis), 1);
}

describe("the judge of their histories", () => {
  it("refuses a delivery that is missing", () => {
    let left = 0;
    const folder = planted((event, earlier, later) =>
      isInTheMiddle(event, earlier, later) && ++left === 3 ? [] : undefined,
    );
    expect(judge(folder).problems.join("\n")).toMatch(/^no-silent-gap: /m);
  });

  it("refuses a delivery that came twice", () => {
    const folder = planted((event) => (event.f === "deliver" ? [event, event] : undefined));
    expect(judge(folder).problems.join("\n")).toMatch(/^no-dup: /m);
  });

  it("refuses an answer that names a place where something else stands", () => {
    const folder = planted((event) =>
      event.f === "pub-ok" && event.pos !== undefined && event.pos.offset > 1 && !event.isDup
        ? [{ ...event, pos: { ...event.pos, offset: event.pos.offset - 1 } }]
        : undefined,
    );
    expect(judge(folder).problems.join("\n")).toMatch(/^ack-truth: /m);
  });

  it("refuses what nobody published", () => {
    const folder = planted((event) => (event.f === "deliver" ? [{ ...event, hash: "nobody/1" }] : undefined));
    expect(judge(folder).problems.join("\n")).toMatch(/^ack-truth: nobody\/1 was delivered and never published/m);
  });

  it.each([
    ["memory", "fork"],
    ["disk", "epoch"],
  ] as const)("refuses on %s a gap(%s), which it never makes", (engine, why) => {
    const folder = planted((event) => (event.f === "gap" ? [{ ...event, why }] : undefined), engine);
    expect(judge(folder).problems.join("\n")).toContain(`gap(${why}), which ${engine} never makes`);
  });

  it("refuses a publish that was never answered", () => {
    let op = "";
    const answers = ["pub-ok", "pub-fail", "pub-unknown"];
    // The last run of a process is the one that lived to the end; its publishes are owed an answer.
    const living = Math.max(
      ...readdirSync(of("memory").folder).flatMap((file) => Number(/^c1\.(\d+)\.jsonl$/.exec(file)?.[1] ?? 0)),
    );
    const folder = planted((event) => {
      if (event.f === "pub" && event.proc === `c1-0.${living}`) op ||= event.op;
      return answers.includes(event.f) && "op" in event && event.op === op ? [] : undefined;
    });
    expect(judge(folder).problems.join("\n")).toMatch(/^liveness: .* was never answered/m);
  });
});

describe("the floors", () => {
  it("refuse a run in which too little happened, or a fault did not", () => {
    const { counts } = of("memory");
    const notes = { engine: "memory", isHeavy: false, servedMs: 30_000 } as const;
    expect(belowFloors({ ...counts, deliveries: 3, "gap epoch": 8, "fault reset": 0 }, notes)).toEqual([
      "deliveries: 3, at least 2000 wanted",
      "gap epoch: 8, at least 9 wanted",
      "fault reset: 0, at least 1 wanted",
    ]);
  });
});
