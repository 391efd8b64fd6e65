import type { HistoryEvent } from "@heddle/testkit/checker";
import { describe, expect, it } from "vitest";
import { inOrder } from "./support/stored-order.ts";

const pos = (offset: number) => ({ epoch: "e", offset, tag: offset + 10 });
const ch = "small/1";
const sub = "c1/s1";

/** Ten are kept; the twelfth entry, which lets the log begin behind the second, is written down at 100. */
function history(over: { publishedMs: number; toldMs: number }): HistoryEvent[] {
  const events = [
    { f: "sub", ts: 1, sub, ch },
    { f: "pub", ts: over.publishedMs, ch, hash: "m12" },
    { f: "stored", ts: 20, ch, pos: pos(11), hash: "m11", floor: 1 },
    { f: "gap", ts: over.toldMs, sub, why: "expired", from: pos(0), to: pos(2) },
    { f: "stored", ts: 100, ch, pos: pos(12), hash: "m12", floor: 2 },
  ];
  return events as unknown as HistoryEvent[];
}
const storedMs = (events: readonly HistoryEvent[]): number[] =>
  inOrder(events).flatMap(({ f, ts }) => (f === "stored" ? [ts] : []));

describe("an entry that was written down late", () => {
  it("was there when somebody was told of the place where only it lets the log begin", () => {
    expect(storedMs(history({ publishedMs: 30, toldMs: 50 }))).toEqual([20, 50]);
  });

  it("was not there before it was published, whatever anybody was told", () => {
    expect(storedMs(history({ publishedMs: 60, toldMs: 50 }))).toEqual([20, 100]);
  });
});
