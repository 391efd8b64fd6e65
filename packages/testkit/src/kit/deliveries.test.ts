import { OptionError } from "@heddle/base";
import type { Message, Meta, Off } from "@heddle/client/core";
import type { Gap, WirePos } from "@heddle/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { ExpectationError, recordDeliveries, type Deliveries, type Recordable } from "./deliveries.ts";

let deliver: (payload: unknown, meta: Meta) => unknown;
let tellGap: (gap: Gap) => unknown;
let listeners: number;
let seen: Deliveries<Message>;

const channel: Recordable<Message> = {
  name: "room/1",
  onAny: (handler) => listening(() => (deliver = handler)),
  onGap: (handler) => listening(() => (tellGap = handler)),
  async *history() {},
};

function listening(begin: () => void): Off {
  begin();
  listeners++;
  return () => void listeners--;
}

const at = (offset: number, epoch = "E"): WirePos => [epoch, offset, 100 + offset];
const come = (payload: unknown, position?: WirePos, id?: string): unknown =>
  deliver(payload, { event: "message", position, id, key: undefined, at: undefined, user: undefined });

beforeEach(() => {
  listeners = 0;
  seen = recordDeliveries(channel);
});

describe("expectDelivered", () => {
  it("holds for these payloads in this order, whatever the order of their keys", () => {
    come({ a: 1, b: [{ c: 2, d: 3 }] });
    come("x");
    expect(() => seen.expectDelivered([{ b: [{ d: 3, c: 2 }], a: 1 }, "x"])).not.toThrow();
  });

  it.each([
    ["another", ["a", "z"], 'the 2nd is "b" instead of "z"'],
    ["one too many", ["a"], 'the 2nd is "b" instead of nothing more'],
    ["one too few", ["a", "b", "c"], 'the 3rd is missing instead of "c"'],
    ["another order", ["b", "a"], 'the 1st is "a" instead of "b"'],
  ])("names what differs: %s", (_what, wanted, text) => {
    come("a");
    come("b");
    expect(() => seen.expectDelivered(wanted)).toThrow(`room/1: ${wanted.length} deliveries expected, 2 came; ${text}`);
  });

  it("carries both sides for runners that show differences", () => {
    come("a");
    let thrown: unknown;
    try {
      seen.expectDelivered(["b"]);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ExpectationError);
    expect(thrown).toMatchObject({ name: "ExpectationError", expected: ["b"], actual: ["a"] });
  });
});

describe("expectInOrder", () => {
  it("holds for rising positions, with volatile events anywhere and a new epoch behind its gap", () => {
    come("a", at(1), "x:1");
    come("typing");
    come("b", at(4), "x:2");
    tellGap({ why: "epoch", from: at(4), to: at(0, "F") });
    come("a", at(1, "F"), "x:1");
    expect(() => seen.expectInOrder()).not.toThrow();
  });

  it.each([
    ["a position that comes back", at(2), "x:9", "E:2:102 came behind E:3:103"],
    ["the same position", at(3), "x:9", "E:3:103 came behind E:3:103"],
    ["another epoch without a gap", at(4, "F"), "x:9", "F:4:104 came behind E:3:103"],
    ["the same event at another position", at(4), "x:3", "x:3 came twice"],
  ])("finds %s", (_what, position, id, text) => {
    come("a", at(3), "x:3");
    come("b", position, id);
    expect(() => seen.expectInOrder()).toThrow(text);
  });
});

describe("expectNoGap and expectGap", () => {
  const gap: Gap = { why: "expired", from: at(1), to: at(5) };

  it("tell apart whether there was one, and of which cause", () => {
    expect(() => seen.expectNoGap()).not.toThrow();
    expect(() => seen.expectGap()).toThrow("room/1: a gap expected; none was told");
    tellGap(gap);
    expect(() => seen.expectNoGap()).toThrow("room/1: no gap expected; gap (expired) from E:1:101 to E:5:105");
    expect(seen.expectGap({ why: "expired" })).toBe(gap);
    expect(() => seen.expectGap({ why: "fork" })).toThrow("a gap expected (fork); gap (expired)");
    expect(seen.gaps).toEqual([gap]);
  });
});

describe("a recording", () => {
  it("holds so much and no more, and then says so", () => {
    const short = recordDeliveries(channel, { countMax: 2 });
    for (const text of ["a", "b", "c"]) come(text);
    expect(short.all).toHaveLength(2);
    expect(() => short.expectNoGap()).toThrow("more than 2 came");
    short.clear();
    come("d");
    expect(() => short.expectDelivered(["d"])).not.toThrow();
    expect(() => recordDeliveries(channel, { countMax: 0 })).toThrow(OptionError);
  });

  it("stops listening when it is disposed of, and keeps what it has", () => {
    come("a");
    seen[Symbol.dispose]();
    expect([listeners, seen.all.length]).toEqual([0, 1]);
  });
});
