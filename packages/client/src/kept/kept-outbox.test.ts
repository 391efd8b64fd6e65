import { describe, expect, it } from "vitest";
import type { PubFrame } from "@heddle/protocol";
import { at, welcome } from "../testing/scripted-server.ts";
import { Disk, type Run } from "../testing/disk.ts";

const hour = 3_600_000;

/** What became of a publish so far. */
function publish({ scene }: Run, payload: unknown, ch = "room/1", options = {}): { readonly outcome: () => unknown } {
  let outcome: unknown;
  scene.client
    .channel(ch)
    .publish("message", payload, options)
    .then(
      (value) => (outcome = value),
      (error: Error) => (outcome = error),
    );
  return { outcome: () => outcome };
}

const sent = ({ scene }: Run): PubFrame[] => scene.link.all("pub");
const payloads = (run: Run): unknown[] => sent(run).map(({ d }) => d);
const answer = (run: Run, index: number, more: object = { p: at(index + 1) }): Promise<void> =>
  run.scene.says({ t: "ok", r: sent(run)[index]?.r ?? -1, ...more });
const refuse = (run: Run, index: number, code: number): Promise<void> =>
  run.scene.says({ t: "err", r: sent(run)[index]?.r ?? -1, code, name: "some" });

/** A disk on which an earlier run left these, in one channel each. */
async function left(isSent: boolean, ...all: readonly (readonly [payload: unknown, ch?: string, options?: object])[]) {
  const disk = new Disk();
  const run = isSent ? await disk.online() : await disk.run();
  for (const each of all) publish(run, ...each);
  await run.scene.settle();
  run.crash();
  return disk;
}

describe("a kept publish", () => {
  it("is in the store with its number before it is sent", async () => {
    const disk = new Disk();
    const run = await disk.online();
    const go = disk.stall();
    publish(run, "a");
    await run.scene.settle();
    expect(sent(run)).toEqual([]);
    go();
    await run.scene.settle();
    expect(disk.items).toEqual([[1, "a", true]]);
    expect(sent(run)).toMatchObject([{ n: 1, pn: 0, ch: "room/1", e: "message", d: "a" }]);
    expect(sent(run)[0]).not.toHaveProperty("pid");
  });

  it("leaves the store when it is accepted, or refused", async () => {
    const disk = new Disk();
    const run = await disk.online();
    const first = publish(run, "a");
    const second = publish(run, "b");
    await run.scene.settle();
    await answer(run, 0);
    expect(disk.items).toEqual([[2, "b", true]]);
    await refuse(run, 1, 306);
    expect(disk.items).toEqual([]);
    expect(first.outcome()).toEqual({ position: at(1), id: "x1:1", duplicate: false });
    expect(second.outcome()).toMatchObject({ code: 306 });
  });

  it("counts as never sent until there is a connection", async () => {
    const disk = new Disk();
    const run = await disk.run();
    publish(run, "a");
    await run.scene.settle();
    expect(disk.items).toEqual([[1, "a", false]]);
    await run.scene.greeted();
    await disk.welcome(run);
    expect(disk.items).toEqual([[1, "a", true]]);
    expect(payloads(run)).toEqual(["a"]);
  });

  it("counts as never sent when the connection it was made without comes back after hours", async () => {
    const disk = new Disk();
    const run = await disk.online();
    run.scene.link.drop();
    const waiting = publish(run, "a");
    await disk.clock.advanceAsync(5 * hour);
    expect(waiting.outcome()).toBeUndefined();
    expect(disk.items).toEqual([[1, "a", false]]);
  });

  it("that the client was closed on is left to the next run", async () => {
    const disk = new Disk();
    const run = await disk.online();
    const unanswered = publish(run, "a");
    await run.scene.settle();
    void run.scene.client.close();
    await run.scene.settle();
    expect(unanswered.outcome()).toMatchObject({ code: "closed" });
    const next = await disk.online();
    await next.scene.settle();
    expect(payloads(next)).toEqual(["a"]);
  });

  it("is told as unknown to nobody but its promise, and is gone", async () => {
    const disk = new Disk();
    const run = await disk.online({ dw: 60_000, ping: 1_000_000 });
    const unanswered = publish(run, "a");
    await disk.clock.advanceAsync(50_000);
    expect(unanswered.outcome()).toMatchObject({ code: "unknown-outcome", outcome: "unknown" });
    await run.scene.settle();
    expect(disk.items).toEqual([]);
    expect(run.settled).toEqual([]);
  });

  it("ends at its deadline, which is a day when none is said", async () => {
    const disk = new Disk();
    const run = await disk.run();
    const short = publish(run, "a", "room/1", { deadlineMs: hour });
    const usual = publish(run, "b");
    await disk.clock.advanceAsync(hour);
    expect(short.outcome()).toMatchObject({ code: "timeout", outcome: "none" });
    await disk.clock.advanceAsync(22 * hour);
    expect(usual.outcome()).toBeUndefined();
    await disk.clock.advanceAsync(hour);
    expect(usual.outcome()).toMatchObject({ code: "timeout" });
    await run.scene.settle();
    expect(disk.items).toEqual([]);
  });
});

describe("what an earlier run left", () => {
  it("is sent first, under its own numbers, and the channel's new ones wait until it is settled", async () => {
    const disk = await left(false, ["a"], ["b"]);
    const run = await disk.run();
    publish(run, "c");
    publish(run, "z", "room/2");
    await run.scene.greeted();
    await disk.welcome(run);
    const pid = expect.any(String) as string;
    expect(sent(run)).toMatchObject([
      { d: "a", n: 1, pn: 0, pid },
      { d: "b", n: 2, pn: 1, pid },
      { d: "z", n: 2, pn: 0 },
    ]);
    expect(sent(run)[0]?.pid).not.toBe(run.scene.link.last("hello").pid);
    expect(run.outbox.leftCount).toBe(2);
    await answer(run, 0);
    expect(payloads(run)).toEqual(["a", "b", "z"]);
    await answer(run, 1, { dup: 1 });
    expect(sent(run)[3]).toMatchObject({ d: "c", n: 1, pn: 0 });
    expect(run.settled).toMatchObject([
      { channel: "room/1", event: "message", payload: "a", outcome: "accepted", position: at(1) },
      { payload: "b", outcome: "duplicate" },
    ]);
    expect(run.outbox.leftCount).toBe(0);
  });

  it("by two runs is sent one run after the other in each channel", async () => {
    const disk = await left(false, ["a"]);
    const second = await disk.run();
    publish(second, "b");
    await second.scene.settle();
    second.crash();
    const third = await disk.online();
    await third.scene.settle();
    expect(payloads(third)).toEqual(["a"]);
    await answer(third, 0);
    expect(payloads(third)).toEqual(["a", "b"]);
    expect(new Set(sent(third).map(({ pid }) => pid)).size).toBe(2);
  });

  it("is told when it is refused", async () => {
    const disk = await left(true, ["a"]);
    const run = await disk.online();
    await refuse(run, 0, 203);
    expect(run.settled).toMatchObject([{ payload: "a", outcome: "rejected", error: { code: 203 } }]);
    expect(disk.items).toEqual([]);
  });

  it("unsent is sent however late, until its deadline", async () => {
    const disk = await left(false, ["a", "room/1", { deadlineMs: 10 * hour }], ["b", "room/2", { deadlineMs: hour }]);
    await disk.clock.advanceAsync(5 * hour);
    const run = await disk.online();
    expect(payloads(run)).toEqual(["a"]);
    expect(run.settled).toMatchObject([{ payload: "b", outcome: "expired" }]);
  });

  it("sent is not sent again once the server may have forgotten it", async () => {
    const disk = await left(true, ["a"]);
    await disk.clock.advanceAsync(hour - 10_000);
    const run = await disk.online();
    expect(sent(run)).toEqual([]);
    expect(run.settled).toMatchObject([{ payload: "a", outcome: "unknown" }]);
    expect(disk.items).toEqual([]);
  });

  it("sent is not sent again when only the server's clock knows that it is too late", async () => {
    const disk = await left(true, ["a"]);
    await disk.clock.advanceAsync(hour);
    disk.clock.jumpWall(-hour);
    const run = await disk.online();
    expect(sent(run)).toEqual([]);
    expect(run.settled).toMatchObject([{ outcome: "unknown" }]);
  });

  it("sent is sent again in time, and given up where the earlier run would have", async () => {
    const disk = await left(true, ["a"]);
    await disk.clock.advanceAsync(hour / 2);
    const run = await disk.online({ ping: 10 * hour });
    expect(payloads(run)).toEqual(["a"]);
    await disk.clock.advanceAsync(hour / 2 - 10_000);
    await run.scene.settle();
    expect(run.settled).toMatchObject([{ outcome: "unknown" }]);
  });

  it("waits for its user, and holds up nobody else's", async () => {
    const disk = await left(true, ["a"]);
    const run = await disk.online({ u: "u2", x: "x2" });
    publish(run, "b");
    await run.scene.settle();
    expect(payloads(run)).toEqual(["b"]);
    run.scene.link.drop();
    await run.scene.nextAttempt();
    await run.scene.greeted();
    await disk.welcome(run);
    await run.scene.settle();
    expect(payloads(run)).toEqual(["a"]);
  });

  it("before anybody was ever connected belongs to the first who is", async () => {
    const disk = await left(false, ["a"]);
    const run = await disk.online({ u: "u7" });
    expect(payloads(run)).toEqual(["a"]);
  });

  it("by an anonymous session is sent by the same one", async () => {
    const disk = new Disk();
    const first = await disk.run();
    await first.scene.reaching();
    const { u: _, ...nobody } = welcome;
    await first.scene.says({ ...nobody, an: "ticket" });
    publish(first, "a");
    await first.scene.settle();
    first.crash();
    const next = await disk.run();
    expect((await next.scene.reaching()).an).toBe("ticket");
    await next.scene.says({ ...nobody, an: "ticket" });
    expect(payloads(next)).toEqual(["a"]);
  });

  it("counts towards what may wait", async () => {
    const disk = await left(false, ["a"]);
    const run = await disk.run();
    for (let count = 0; count < 999; count++) publish(run, count);
    const over = publish(run, "too many");
    await run.scene.settle();
    expect(over.outcome()).toMatchObject({ code: "backpressure" });
  });
});

describe("a store that fails", () => {
  it("costs nothing in this run when nothing can be written", async () => {
    const disk = new Disk();
    disk.failing = () => true;
    const run = await disk.run();
    const sending = publish(run, "a");
    await run.scene.greeted();
    await disk.welcome(run);
    expect(payloads(run)).toEqual(["a"]);
    await answer(run, 0);
    expect(sending.outcome()).toMatchObject({ position: at(1) });
    expect(run.warnings.map(({ code }) => code)).toContain("write-failed");
  });

  it("for one record too big keeps the others", async () => {
    const disk = new Disk();
    disk.failing = (changes) => changes.some(([, text]) => (text?.length ?? 0) > 1_000);
    const run = await disk.run();
    publish(run, "a");
    publish(run, "big".repeat(1_000));
    publish(run, "c");
    await run.scene.settle();
    expect(disk.items.map(([n]) => n)).toEqual([1, 3]);
    expect(run.warnings).toHaveLength(2); // together, and the one alone
  });

  it("does not let go what it would take for never sent", async () => {
    const disk = new Disk();
    const run = await disk.run();
    publish(run, "a");
    await run.scene.greeted();
    disk.failing = () => true;
    await disk.welcome(run);
    expect(payloads(run)).toEqual([]);
    disk.failing = () => false;
    await disk.clock.advanceAsync(2_000);
    expect(payloads(run)).toEqual(["a"]);
    expect(disk.items).toEqual([[1, "a", true]]);
  });

  it("removes later what it could not remove", async () => {
    const disk = new Disk();
    const run = await disk.online();
    publish(run, "a");
    await run.scene.settle();
    disk.failing = () => true;
    await answer(run, 0);
    expect(disk.items).toEqual([[1, "a", true]]);
    disk.failing = () => false;
    publish(run, "b");
    await run.scene.settle();
    expect(disk.items).toEqual([[2, "b", true]]);
  });

  it.each(["isLocked", "isUnreadable"] as const)("from the start (%s) leaves an outbox in memory", async (trouble) => {
    const disk = await left(true, ["a"]);
    disk[trouble] = true;
    const run = await disk.online();
    publish(run, "b");
    await run.scene.settle();
    expect(payloads(run)).toEqual(["b"]);
    expect(run.outbox.isKept).toBe(false);
    expect(run.warnings).toMatchObject([{ code: trouble === "isLocked" ? "locked" : "unreadable" }]);
    expect(disk.items).toEqual([[1, "a", true]]);
  });

  it.each([
    ["no JSON", "{"],
    ["null", "null"],
    ["another shape", `{"pid":"p","n":"1"}`],
    [
      "a text for another channel",
      `{"pid":"p","n":1,"ch":"a","tail":",\\"ch\\":\\"b\\",\\"e\\":\\"m\\"}","expiresAtMs":1,"who":""}`,
    ],
    [
      "a line break",
      `{"pid":"p","n":1,"ch":"a","tail":",\\n\\"ch\\":\\"a\\",\\"e\\":\\"m\\"}","expiresAtMs":1,"who":""}`,
    ],
  ])("by a damaged record (%s) loses that one alone, and says so", async (_, text) => {
    const disk = await left(true, ["a"]);
    disk.rows.set("item/000000000000009", text);
    disk.rows.set("at/room/1", `["E",1]`);
    disk.rows.set("who", "{");
    disk.corruptCount = 1;
    const run = await disk.online();
    expect(payloads(run)).toEqual(["a"]);
    expect(run.warnings).toMatchObject([{ code: "corrupt", message: "4 records make no sense and are left out" }]);
    expect(disk.items).toEqual([[1, "a", true]]);
  });
});
