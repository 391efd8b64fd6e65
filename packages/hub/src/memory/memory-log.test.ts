import { describe, expect, it } from "vitest";
import { rootOf } from "@heddle/protocol";
import { EngineError, positionBefore, type Dedup, type Draft } from "../ports/index.ts";
import { MemoryLog } from "./memory-log.ts";

const producer = (n: number, prev = n - 1, hash = `${n}`): Dedup => ({ by: "producer", x: "x", n, prev, hash });
const draft = (dedup: Dedup, over: Partial<Draft> = {}): Draft => ({
  tag: 1_000,
  epochIfNone: "E",
  dedup,
  keep: { entries: 3, ageMs: 10_000 },
  ...{ id: "i", event: "e", key: "", user: "", traceparent: "", kind: "json" as const, data: new Uint8Array(10) },
  ...over,
});
const filled = (count: number): MemoryLog => {
  const log = new MemoryLog("E", 1_000);
  for (let n = 1; n <= count; n++) log.append(draft(producer(n), { tag: 100 + n }), 0, n, 5_000);
  return log;
};
const bounds = { limit: 100, bytes: 1e6 };
const at = (offset: number, tag = 100 + offset) => ({ epoch: "E", offset, tag });

describe("append", () => {
  it("links every entry to its predecessor, from the root on", () => {
    const log = new MemoryLog("E", 10);
    const first = log.append(draft(producer(1), { tag: 7 }), 0, 0, 5_000);
    const second = log.append(draft(producer(2), { tag: 9 }), 0, 0, 5_000);
    expect(first.entry && positionBefore(first.entry)).toEqual(rootOf("E"));
    expect(second.entry && positionBefore(second.entry)).toEqual(first.entry?.pos);
  });

  it.each([
    ["the same number and content", producer(2), { s: "dup", pos: at(2) }],
    ["an earlier number", producer(1), { s: "dup", pos: at(2) }],
    ["the same number with other content", producer(2, 1, "other"), { s: "idReused" }],
    ["a number whose predecessor is missing", producer(5, 4), { s: "outOfOrder" }],
    ["a number that skips what was given up", producer(5, 2), { s: "new", pos: at(3, 1_000) }],
    ["a key of its own", { by: "key", key: "k", hash: "h" } as const, { s: "new", pos: at(3, 1_000) }],
  ])("answers %s", (_what, dedup, expected) => {
    expect(filled(2).append(draft(dedup), 1, 1, 5_000).result).toEqual(expected);
  });

  it("forgets a producer after the window and not before", () => {
    const log = filled(2);
    expect(log.append(draft(producer(2)), 4_999, 0, 5_000).result.s).toBe("dup");
    expect(log.append(draft(producer(2, 0)), 5_000, 0, 5_000).result.s).toBe("new");
  });

  it("refuses when the expected head is another, in any of its three parts", () => {
    const log = filled(2);
    const wrong = [{ ...at(2), epoch: "F" }, at(1), at(2, 5)];
    for (const expect_ of wrong) {
      expect(log.append(draft(producer(3), { expect: expect_ }), 0, 0, 5_000).result).toEqual({
        s: "conflict",
        head: at(2),
      });
    }
    expect(log.append(draft(producer(3), { expect: at(2) }), 0, 0, 5_000).result.s).toBe("new");
  });

  it("bounds how many producers it remembers", () => {
    const log = new MemoryLog("E", 1);
    log.append(draft(producer(1)), 0, 0, 5_000);
    expect(() => log.append(draft({ ...producer(1), x: "y" } as Dedup), 0, 0, 5_000)).toThrow(EngineError);
    expect(log.append(draft({ ...producer(1), x: "y" } as Dedup), 5_000, 0, 5_000).result.s).toBe("new");
  });
});

describe("read", () => {
  it.each([
    ["the head", at(6), "linked", []],
    ["the floor", at(3), "linked", [4, 5, 6]],
    ["a retained entry", at(4), "linked", [5, 6]],
    ["a position below the floor", at(2), "trimmed", []],
    ["the root of a trimmed log", rootOf("E"), "trimmed", []],
    ["another tag", at(5, 9), "diverged", []],
    ["a position ahead of the head", at(7), "diverged", []],
    ["another epoch", { ...at(5), epoch: "F" }, "diverged", []],
  ])("after %s", (_what, after, proof, offsets) => {
    const read = filled(6).read({ ...bounds, after }, 0);
    expect([read.proof, read.entries.map(({ pos }) => pos.offset)]).toEqual([proof, offsets]);
    expect([read.head, read.floor]).toEqual([at(6), at(3)]);
  });

  it("before a position includes the entry at it, newest page first", () => {
    const log = filled(6);
    const page = log.read({ limit: 2, bytes: 1e6, before: at(6) }, 0);
    expect(page.entries.map(({ pos }) => pos.offset)).toEqual([5, 6]);
    expect(page.more).toBe(true);
    expect(log.read({ limit: 2, bytes: 1e6, before: at(4) }, 0)).toMatchObject({ more: false, proof: "linked" });
  });

  it("stops at the byte limit but always returns one entry", () => {
    const log = filled(3);
    expect(log.read({ limit: 10, bytes: 1, last: 10 }, 0).entries).toHaveLength(1);
    expect(log.read({ limit: 10, bytes: 25, after: rootOf("E") }, 0)).toMatchObject({ more: true });
  });

  it("hides what is older than the channel keeps", () => {
    const log = filled(3);
    expect(log.read({ ...bounds, last: 10 }, 10_002).entries.map(({ pos }) => pos.offset)).toEqual([2, 3]);
  });
});
