import { wireLimits } from "@heddle/protocol";
import { describe, expect, it } from "vitest";
import { HeddleError } from "../errors.ts";
import { Scene } from "../testing/scripted-server.ts";
import { streamWindowCost } from "./outflow.ts";
import { streamFrom } from "./streams.ts";

const part = (r: number, d: unknown) => ({ t: "part", r, d }) as const;

/** A stream that has asked for its first value. */
async function begun(windowCost?: number) {
  const scene = await Scene.online();
  const values = streamFrom(scene.client, "tail", { q: 1 }, { windowCost });
  const first = values.next();
  await scene.settle();
  return { scene, values, first, r: scene.link.last("call").r };
}

describe("a stream", () => {
  it("is asked for when it is iterated, without a deadline, and gives its values in order until the end", async () => {
    const scene = await Scene.online();
    const values = streamFrom(scene.client, "tail", { q: 1 });
    await scene.settle();
    expect(scene.link.all("call")).toEqual([]);
    const all = (async () => {
      const taken: unknown[] = [];
      for await (const value of values) taken.push(value);
      return taken;
    })();
    await scene.settle();
    const call = scene.link.last("call");
    expect(call).toEqual({ t: "call", r: call.r, op: "tail", d: { q: 1 }, w: 65_536 });
    await scene.says(part(call.r, 1), part(call.r, 2));
    await scene.says(part(call.r, 3), { t: "ok", r: call.r });
    expect(await all).toEqual([1, 2, 3]);
    expect(scene.link.all("cancel")).toEqual([]);
  });

  it("connects by itself", async () => {
    const scene = new Scene();
    const first = streamFrom(scene.client, "tail").next();
    await scene.welcomed();
    await scene.says(part(scene.link.last("call").r, 1));
    expect(await first).toEqual({ value: 1, done: false });
  });

  it("tells the server what was taken when half the window is, not what has come", async () => {
    const cost = JSON.stringify(part(1, "1")).length;
    const { scene, values, first, r } = await begun(4 * cost);
    const frames = ["1", "2", "3", "4", "5"].map((d) => part(r, d));
    expect(r).toBe(1);
    await scene.says(...frames);
    await first;
    expect(scene.link.all("credit")).toEqual([]);
    for (let count = 2; count <= 4; count++) await values.next();
    await scene.settle();
    expect(scene.link.all("credit")).toEqual([
      { t: "credit", r, b: 2 * cost },
      { t: "credit", r, b: 4 * cost },
    ]);
  });

  it("says nothing on the next connection of values that came over the last", async () => {
    const cost = JSON.stringify(part(1, "1")).length;
    const { scene, values, first, r } = await begun(2 * cost);
    await scene.says(part(r, "1"), part(r, "2"), part(r, "3"));
    await first;
    const before = scene.link;
    before.drop();
    for (let waited = 0; scene.link === before && waited < 60; waited++) await scene.clock.advanceAsync(1_000);
    // The next link is not open yet.
    expect([(await values.next()).value, (await values.next()).value]).toEqual(["2", "3"]);
    await expect(values.next()).rejects.toMatchObject({ code: "unknown-outcome" });
    expect(scene.link.frames).toEqual([]);
  });

  it("acknowledges its parts to the connection though nobody takes them", async () => {
    const { scene, r } = await begun();
    await scene.says(part(r, 1), part(r, 2));
    await scene.clock.advanceAsync(1_000);
    expect(scene.link.last("ack").n).toBe(2);
  });

  it("that is left is cancelled, and what comes later is nobody's", async () => {
    const { scene, values, first, r } = await begun();
    await scene.says(part(r, 1), part(r, 2));
    expect(await first).toEqual({ value: 1, done: false });
    for await (const value of values) {
      expect(value).toBe(2);
      break;
    }
    expect(scene.link.all("cancel")).toEqual([{ t: "cancel", r }]);
    await scene.says(part(r, 3), { t: "err", r, code: 309, name: "cancelled" });
    expect(await values.next()).toEqual({ value: undefined, done: true });
  });

  it("that is left while a value is waited for ends at once", async () => {
    const { scene, values, first, r } = await begun();
    const left = values.return?.();
    await scene.settle();
    expect([await first, await left]).toEqual([
      { value: undefined, done: true },
      { value: undefined, done: true },
    ]);
    expect(scene.link.all("cancel")).toEqual([{ t: "cancel", r }]);
  });

  it("is aborted by its signal, also before it began: values that wait are dropped", async () => {
    const scene = await Scene.online();
    const stop = new AbortController();
    const values = streamFrom(scene.client, "tail", undefined, { signal: stop.signal });
    const first = values.next();
    await scene.settle();
    const { r } = scene.link.last("call");
    await scene.says(part(r, 1), part(r, 2));
    expect(await first).toEqual({ value: 1, done: false });
    stop.abort();
    await expect(values.next()).rejects.toMatchObject({ code: "aborted" });
    expect(scene.link.all("cancel")).toEqual([{ t: "cancel", r }]);
    const late = streamFrom(scene.client, "tail", undefined, { signal: stop.signal });
    await expect(late.next()).rejects.toMatchObject({ code: "aborted" });
    expect(scene.link.all("call")).toHaveLength(1);
  });

  it("throws the server's refusal behind the values that came before it", async () => {
    const { scene, values, first, r } = await begun();
    await scene.says(part(r, 1), part(r, 2), { t: "err", r, code: 306, name: "refused", why: "no more" });
    expect(await first).toEqual({ value: 1, done: false });
    expect(await values.next()).toEqual({ value: 2, done: false });
    await expect(values.next()).rejects.toBeInstanceOf(HeddleError);
    expect(scene.link.all("cancel")).toEqual([]);
  });

  it("is not repeated when the connection ends: it throws behind the values that came", async () => {
    const { scene, values, first, r } = await begun();
    await scene.says(part(r, 1), part(r, 2));
    await scene.reconnect();
    await first;
    expect(await values.next()).toEqual({ value: 2, done: false });
    await expect(values.next()).rejects.toMatchObject({ code: "unknown-outcome", outcome: "unknown" });
    expect(scene.link.all("call")).toEqual([]);
  });

  it("is asked for again when the server did not take it", async () => {
    const { scene, first, r } = await begun();
    await scene.says({ t: "err", r, code: 103, name: "overloaded", ms: 50 });
    await scene.clock.advanceAsync(50);
    const again = scene.link.last("call");
    await scene.says(part(again.r, 1));
    expect(await first).toEqual({ value: 1, done: false });
  });

  it("ends at its deadline", async () => {
    const scene = await Scene.online();
    await Promise.all([
      expect(streamFrom(scene.client, "tail", undefined, { timeoutMs: 5_000 }).next()).rejects.toMatchObject({
        code: "timeout",
      }),
      scene.clock.advanceAsync(5_000),
    ]);
    expect(scene.link.all("cancel")).toHaveLength(1);
  });

  it("rejects with backpressure when too many requests wait, and with closed on a closed client", async () => {
    const scene = new Scene({ requestCount: 10 });
    for (let index = 0; index < 10; index++) void scene.client.call("x").catch(() => "not awaited here");
    await expect(streamFrom(scene.client, "tail").next()).rejects.toMatchObject({ code: "backpressure" });
    void scene.client.close();
    await expect(streamFrom(scene.client, "tail").next()).rejects.toMatchObject({ code: "closed" });
  });

  it("takes ahead what the protocol says", () => {
    expect(streamWindowCost).toBe(wireLimits.streamWindowCost);
  });
});
