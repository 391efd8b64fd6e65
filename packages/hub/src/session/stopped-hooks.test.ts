import { describe, expect, it } from "vitest";
import type { ChannelPolicy, Prepared, Snapshot, Stoppable } from "../ports/index.ts";
import { openPolicy, openWorld, pub, sub, type World } from "../testing/fixture.ts";
import { Stop } from "./stop.ts";

/** Hooks that wait to be settled, in the order they began. */
class Waiting<T> {
  readonly stops: Stoppable[] = [];
  readonly settle: ((value: T) => void)[] = [];

  begin(stop: Stoppable): Promise<T> {
    this.stops.push(stop);
    return new Promise((resolve) => this.settle.push(resolve));
  }

  get stopped(): boolean[] {
    return this.stops.map(({ isStopped }) => isStopped);
  }
}

const worldOf = (over: Partial<ChannelPolicy>): Promise<World> => openWorld({ channels: { room: openPolicy(over) } });
const reasonOf = ({ signal }: Stoppable): string => (signal.reason as Error).message;

describe("a stop", () => {
  it("has one signal, aborted with its reason whether it is asked for before or after", () => {
    const [early, late] = [new Stop(), new Stop()];
    const { signal } = early;
    expect(early.signal).toBe(signal);
    for (const stop of [early, late]) stop.stop("enough");
    for (const stop of [early, late]) stop.stop("again");
    expect([signal.aborted, reasonOf(early), reasonOf(late)]).toEqual([true, "enough", "enough"]);
  });

  it("tells its owner before those who hold the signal", () => {
    const stop = new Stop();
    const told: string[] = [];
    stop.signal.addEventListener("abort", () => told.push("signal"));
    stop.tell((why) => told.push(why));
    stop.stop("owner");
    expect(told).toEqual(["owner", "signal"]);
  });
});

describe("a hook", () => {
  it("is stopped at its deadline", async () => {
    const hooks = new Waiting<boolean>();
    const world = await worldOf({ authorize: (_action, _who, stop) => hooks.begin(stop) });
    const client = await world.connect();
    await client.say(sub(1));
    await world.clock.advanceAsync(9_999);
    expect(hooks.stopped).toEqual([false]);
    await world.clock.advanceAsync(1);
    expect(hooks.stopped).toEqual([true]);
    expect(reasonOf(hooks.stops[0] as Stoppable)).toBe("authorize took longer than 10000 ms");
    expect(client.last("err")).toMatchObject({ r: 1, code: 310 });
  });

  it("is stopped when its connection ends, and no other's is", async () => {
    const hooks = new Waiting<Prepared>();
    const world = await worldOf({ prepare: (_event, _value, _who, stop) => hooks.begin(stop) });
    const [one, other] = [await world.connect(), await world.connect({ token: "u2" })];
    await one.say(pub(1, "a"));
    await other.say(pub(1, "b"));
    await one.drop();
    expect(hooks.stopped).toEqual([true, false]);
    expect(reasonOf(hooks.stops[0] as Stoppable)).toBe("the connection ended");
  });

  it("that ignores its stop holds up nobody, and what it gives in time is stored", async () => {
    const hooks = new Waiting<Prepared>();
    const world = await worldOf({ prepare: (_event, _value, _who, stop) => hooks.begin(stop) });
    const [one, reader] = [await world.connect(), await world.connect({ token: "u2" })];
    await reader.say(sub(1));
    await one.say(pub(1, "late"));
    await one.drop();
    await reader.say(pub(1, "mine"));
    hooks.settle[1]?.({ is: "ok", json: '"mine"' });
    await world.settle();
    expect(reader.payloads).toEqual(["mine"]);
    hooks.settle[0]?.({ is: "ok", json: '"late"' });
    await world.settle();
    expect(reader.payloads).toEqual(["mine", "late"]);
  });

  it("that has settled is not stopped by the connection's end", async () => {
    const hooks = new Waiting<boolean>();
    const world = await worldOf({ authorize: (_action, _who, stop) => hooks.begin(stop) });
    const client = await world.connect();
    await client.say(pub(1, "a"));
    hooks.settle[0]?.(true);
    await world.settle();
    expect(client.last("ok")).toMatchObject({ r: 1001 });
    await client.drop();
    expect(hooks.stopped).toEqual([false]);
  });
});

describe("a snapshot that loads", () => {
  const shared = (loads: Waiting<Snapshot>): Partial<ChannelPolicy> => ({
    snapshot: { shared: true, load: (_position, stop) => loads.begin(stop) },
  });

  it("is stopped when the last of its joiners is gone, and the next joiner loads anew", async () => {
    const loads = new Waiting<Snapshot>();
    const world = await worldOf(shared(loads));
    const [one, two] = [await world.connect(), await world.connect({ token: "u2" })];
    for (const client of [one, two]) await client.say(sub(1, "snap"));
    await one.drop();
    expect(loads.stopped).toEqual([false]);
    await two.drop();
    expect(loads.stopped).toEqual([true]);
    const three = await world.connect({ token: "u3" });
    await three.say(sub(1, "snap"));
    expect(loads.stopped).toEqual([true, false]);
    loads.settle[0]?.({ json: '"stopped"' });
    loads.settle[1]?.({ json: '"fresh"' });
    await world.settle();
    expect(three.last("subd")).toMatchObject({ snap: "fresh" });
  });

  it("is not begun for somebody who is gone by then", async () => {
    const [rights, loads] = [new Waiting<boolean>(), new Waiting<Snapshot>()];
    const world = await worldOf({ ...shared(loads), authorize: (_action, _who, stop) => rights.begin(stop) });
    const client = await world.connect();
    await client.say(sub(1, "snap"));
    await client.drop();
    for (let index = 0; index < rights.settle.length; index++) {
      rights.settle[index]?.(true);
      await world.settle();
    }
    expect([rights.stops.length, loads.stops.length]).toEqual([3, 0]);
  });

  it("is stopped at its deadline", async () => {
    const loads = new Waiting<Snapshot>();
    const world = await worldOf(shared(loads));
    const client = await world.connect();
    await client.say(sub(1, "snap"));
    await world.clock.advanceAsync(30_000);
    expect(loads.stopped).toEqual([true]);
    expect(client.last("err")).toMatchObject({ r: 1, code: 307 });
  });
});
