import { describe, expect, it } from "vitest";
import { FakeClock } from "@heddle/base/fakes";
import { jsonCodec, type Pos } from "@heddle/protocol";
import { newCounters, type Entry, type Frame, type ReadResult } from "../ports/index.ts";
import { hubLimits } from "../options.ts";
import { CatchUp } from "./catch-up.ts";
import { Cursor, type CursorChannel, type Receiver } from "./cursor.ts";
import { entryFrame } from "./frames.ts";
import type { Slice } from "./slices.ts";

const at = (offset: number, tag: number): Pos => ({ epoch: "e", offset, tag });
const newest: Entry = {
  ...{ pos: at(12, 120), prevOffset: 11, prevTag: 110, type: "data", id: "i", event: "v", key: "", ts: 0 },
  ...{ user: "", traceparent: "", kind: "json", data: new TextEncoder().encode("1") },
};

/** A `latest` subscriber at `pos` of a log whose newest entry is (12, 120) behind (11, 110); `answers` is what the store says of `pos`. */
function scene(pos: Pos, answers: Pick<ReadResult, "proof">) {
  const clock = new FakeClock();
  const frames: unknown[] = [];
  const asked = { reads: 0, suspicions: 0 };
  const slice: Slice = { entries: [newest], frames: (codec) => [entryFrame(2, newest, codec)] };
  const channel = {
    alias: 2,
    isDurable: true,
    head: newest.pos,
    isAtHead: (other: Pos) => other.offset === 12 && other.tag === 120,
    heldNewest: () => slice,
    readAfter: () => {
      asked.reads++;
      const read = { entries: [], head: newest.pos, floor: at(0, 1), more: false, ...answers };
      return Promise.resolve({ entries: [], frames: () => [], read });
    },
    suspect: () => void asked.suspicions++,
    joinLive: () => undefined,
    leaveLive: () => undefined,
    pushHeld: () => undefined,
  } satisfies Partial<CursorChannel> as unknown as CursorChannel;
  const receiver = {
    codec: jsonCodec,
    hasRoomFor: () => true,
    send: (frame: Frame) => void frames.push(JSON.parse(new TextDecoder().decode(frame.bytes))),
  } as unknown as Receiver;
  const cursor = new Cursor(channel, receiver, { pos, mode: "latest", withPresence: false });
  const catchUp = new CatchUp(receiver, { clock, counters: newCounters(), limits: hubLimits }, () => undefined);
  return { clock, frames, asked, wake: () => catchUp.wake(cursor) };
}

describe("a latest cursor beside the log", () => {
  it.each([
    ["at the newest entry's offset", at(12, 999)],
    ["at its predecessor's offset", at(11, 999)],
  ])("%s is told of the fork, and never led backwards", async (_where, pos) => {
    const { clock, frames, wake } = scene(pos, { proof: "diverged" });
    wake();
    await clock.advanceAsync(1_000);
    expect(frames[0]).toMatchObject({ t: "gap", why: "fork", from: ["e", pos.offset, 999], to: ["e", 12, 120] });
    expect(frames.slice(1).map((frame) => (frame as { t: string }).t)).toEqual(["live"]);
  });

  it.each([at(12, 999), at(11, 999)])(
    "that the store knows makes this node doubt its log, and ask seldom",
    async (pos) => {
      const { clock, frames, asked, wake } = scene(pos, { proof: "linked" });
      wake();
      await clock.advanceAsync(1_000);
      expect(frames).toEqual([]);
      expect(asked.suspicions).toBe(asked.reads);
      expect(asked.reads).toBeGreaterThan(1);
      expect(asked.reads).toBeLessThan(20);
    },
  );

  it("behind the predecessor skips to it", async () => {
    const { clock, frames, wake } = scene(at(5, 50), { proof: "linked" });
    wake();
    await clock.advanceAsync(1_000);
    expect(frames.map((frame) => (frame as { t: string }).t)).toEqual(["skip", "m", "live"]);
  });
});
