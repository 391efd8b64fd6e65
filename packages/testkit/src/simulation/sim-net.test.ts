import { createHash, createHmac } from "node:crypto";
import { utf8Encode } from "@heddle/base";
import { FakeClock, SeededRandom } from "@heddle/base/fakes";
import type { TransportHandlers } from "@heddle/client/core";
import type { Digest, Frame } from "@heddle/hub/ports";
import { beforeEach, describe, expect, it } from "vitest";
import { SimNet, type SimLink } from "./sim-net.ts";
import { SimPipe, type Quality } from "./sim-pipe.ts";
import { SimTime } from "./sim-time.ts";
import { simulate } from "./simulate.ts";

/** Without jitter, so that every arrival has one time. */
const steady: Quality = { latencyMs: 5, jitterMs: 0, bytesPerMs: 10, bufferBytes: 100 };

describe("a pipe", () => {
  let clock: FakeClock;
  let arrived: string[];
  const pipeOf = (quality: Quality, drained = (): void => undefined): SimPipe =>
    new SimPipe(clock, new SeededRandom(1), quality, drained);
  const arrives = (name: string) => (): void => void arrived.push(`${name} at ${clock.monotonicMs()}`);

  beforeEach(() => {
    clock = new FakeClock();
    arrived = [];
  });

  it("delivers after the time the bytes need on the line and the latency", () => {
    const pipe = pipeOf(steady);
    pipe.write(10, arrives("a"));
    pipe.write(30, arrives("b"));
    clock.advance(100);
    expect(arrived).toEqual(["a at 6", "b at 9"]);
  });

  it("keeps the order however much the latency varies", () => {
    const pipe = pipeOf({ ...steady, jitterMs: 50, bytesPerMs: 1_000, bufferBytes: 1_000 });
    const order: number[] = [];
    for (let index = 0; index < 100; index++) pipe.write(1, () => order.push(index));
    clock.advance(100);
    expect(order).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  it("has room for what fits its buffers, for anything when empty, and says when something was read", () => {
    let drainedCount = 0;
    const pipe = pipeOf(steady, () => drainedCount++);
    expect(pipe.hasRoomFor(1_000)).toBe(true);
    pipe.write(60, arrives("a"));
    expect([pipe.hasRoomFor(40), pipe.hasRoomFor(41)]).toEqual([true, false]);
    clock.advance(100);
    expect([pipe.hasRoomFor(41), drainedCount]).toEqual([true, 1]);
  });

  it("holds everything back while it stalls, and then delivers it in order", () => {
    const pipe = pipeOf(steady);
    pipe.write(10, arrives("a"));
    pipe.stall(50);
    pipe.write(10, arrives("b"));
    clock.advance(49);
    expect(arrived).toEqual([]);
    clock.advance(1);
    expect(arrived).toEqual(["a at 50", "b at 50"]);
  });

  it("never delivers again after an endless stall or once it was destroyed", () => {
    const stalled = pipeOf(steady);
    const destroyed = pipeOf(steady);
    for (const pipe of [stalled, destroyed]) pipe.write(10, arrives("a"));
    stalled.stall(Infinity);
    destroyed.destroy();
    destroyed.write(10, arrives("b"));
    clock.advance(1_000_000);
    expect([arrived, clock.nextDueMs]).toEqual([[], undefined]);
  });

  it("leaves everything unread while its reader is frozen, so that it fills", () => {
    const pipe = pipeOf(steady);
    pipe.freezeReader(true);
    pipe.write(100, arrives("a"));
    clock.advance(1_000);
    expect([arrived, pipe.hasRoomFor(1)]).toEqual([[], false]);
    pipe.freezeReader(false);
    clock.advance(0);
    expect(arrived).toEqual(["a at 1000"]);
  });
});

describe("a network", () => {
  let time: SimTime;
  let net: SimNet;
  let clientClock: ReturnType<SimTime["process"]>;
  let serverClock: ReturnType<SimTime["process"]>;
  let atClient: string[];
  let atServer: string[];

  const note = (list: string[], what: string): void => void list.push(`${what} at ${time.nowMs}`);
  const open = (): SimLink => {
    const handlers: TransportHandlers = {
      opened: () => note(atClient, "opened"),
      message: (text) => note(atClient, text),
      closed: (code) => note(atClient, `closed ${code}`),
    };
    return net.transport("c1", clientClock).open(handlers) as SimLink;
  };
  const runUntil = (ms: number): Promise<void> => {
    let isOver = false;
    time.world.after(ms - time.nowMs, () => (isOver = true));
    return time.run(() => isOver);
  };
  const frameOf = (text: string): Frame => ({
    bytes: utf8Encode(text),
    cost: text.length,
    kind: "control",
    alias: 0,
    prev: undefined,
    packed: undefined,
  });

  beforeEach(() => {
    time = new SimTime();
    clientClock = time.process();
    serverClock = time.process();
    atClient = [];
    atServer = [];
    net = new SimNet(time.world, new SeededRandom(1));
    net.setQuality("c1", { latencyMs: 10, jitterMs: 0, bytesPerMs: Infinity, bufferBytes: 65_536 });
    net.listen("n1", {
      clock: serverClock,
      queueLowBytes: 1_000,
      accept: () => ({
        receive: (message) => note(atServer, String(message)),
        closed: (code) => note(atServer, `closed ${code}`),
      }),
    });
  });

  it("opens after a round trip and the way back, and carries messages both ways", async () => {
    const link = open();
    await runUntil(50);
    link.send("up");
    link.port?.send(frameOf("down"));
    await runUntil(100);
    expect(atClient).toEqual(["opened at 30", "down at 60"]);
    expect(atServer).toEqual(["up at 60"]);
  });

  it("refuses a connection when nobody listens", async () => {
    net.listen("n1", undefined);
    open();
    await runUntil(100);
    expect([atClient, net.links()]).toEqual([["closed 1006 at 20"], []]);
  });

  it("ends both sides with the code of the one that closes, after what was sent before", async () => {
    const link = open();
    await runUntil(50);
    link.send("last words");
    link.close(1000, "done");
    await runUntil(100);
    expect(atServer).toEqual(["last words at 60", "closed 1000 at 60"]);
    expect(atClient).toEqual(["opened at 30", "closed 1000 at 70"]);
    expect(net.links()).toEqual([]);
  });

  it("loses what is on its way when it is reset, and both sides see the link break", async () => {
    const link = open();
    await runUntil(50);
    link.send("up");
    link.port?.send(frameOf("down"));
    link.reset();
    await runUntil(100);
    expect(atClient).toEqual(["opened at 30", "closed 1006 at 60"]);
    expect(atServer).toEqual(["closed 1006 at 60"]);
  });

  it("tells nobody when a link is half open: one way is dead, the other works", async () => {
    const link = open();
    await runUntil(50);
    link.stall("up", Infinity);
    link.send("up");
    link.port?.send(frameOf("down"));
    await runUntil(100_000);
    expect(atServer).toEqual([]);
    expect(atClient).toEqual(["opened at 30", "down at 60"]);
    link.close(1000);
    await runUntil(110_000);
    expect(atClient.at(-1)).toBe("closed 1006 at 102000"); // gives up on the closing handshake
  });

  it("makes the server's queue grow while the client does not read, and the rest arrives in order", async () => {
    net.setQuality("c1", { latencyMs: 10, jitterMs: 0, bytesPerMs: Infinity, bufferBytes: 10 });
    const link = open();
    await runUntil(50);
    link.freezeReader(true);
    for (const text of ["first-----", "second----", "third-----"]) {
      link.port?.send(frameOf(text));
      await runUntil(time.nowMs + 10);
    }
    await runUntil(1_000);
    expect([atClient, link.port?.queuedBytes]).toEqual([["opened at 30"], 20]);
    link.freezeReader(false);
    await runUntil(2_000);
    expect(atClient.map((line) => line.split("-")[0])).toEqual(["opened at 30", "first", "second", "third"]);
    expect(link.port?.queuedBytes).toBe(0);
  });

  it("passes nothing while a client is cut off, and lets connections opened meanwhile wait", async () => {
    const link = open();
    await runUntil(50);
    net.cut("c1", 1_000);
    link.send("up");
    open();
    await runUntil(2_000);
    expect(atServer).toEqual(["up at 1050"]);
    expect(atClient).toEqual(["opened at 30", "opened at 1080"]);
  });

  it("tells the client of a server process that died, and of a machine that died nothing", async () => {
    const [first, second] = [open(), open()];
    await runUntil(50);
    serverClock.kill();
    first.loseServer("process");
    second.loseServer("machine");
    await runUntil(1_000);
    expect(atClient).toEqual(["opened at 30", "opened at 30", "closed 1006 at 60"]);
    expect(atServer).toEqual([]);
  });
});

describe("a process's clock", () => {
  it("runs nothing more once the process is killed, while the world goes on", async () => {
    const time = new SimTime();
    const [killed, other] = [time.process(), time.process()];
    const ran: string[] = [];
    for (const [name, clock] of Object.entries({ killed, other })) {
      clock.after(10, () => ran.push(`${name} timer`));
      clock.turnEnd(() => ran.push(`${name} turn end`));
    }
    killed.kill();
    await time.run(() => false);
    expect(ran).toEqual(["other turn end", "other timer"]);
    expect([killed.isAlive, other.isAlive]).toEqual([false, true]);
  });

  it("counts the timers that are still going to run", async () => {
    const time = new SimTime();
    const clock = time.process();
    const timer = clock.after(10, () => undefined);
    clock.after(20, () => undefined);
    expect(clock.timerCount).toBe(2);
    timer[Symbol.dispose]();
    timer[Symbol.dispose]();
    expect(clock.timerCount).toBe(1);
    await time.run(() => false);
    expect([clock.timerCount, time.nowMs]).toEqual([0, 20]);
  });

  it("jumps its own wall clock and nobody else's", () => {
    const time = new SimTime();
    const [jumping, other] = [time.process(), time.process()];
    const before = other.wallMs();
    jumping.skewWall(-5_000);
    expect([jumping.wallMs(), other.wallMs()]).toEqual([before - 5_000, before]);
  });
});

describe("a simulated run", () => {
  const digest: Digest = {
    sha256: (data) => createHash("sha256").update(data).digest(),
    hmacSha256: (key, data) => createHmac("sha256", key).update(data).digest(),
  };
  const newDisk = (): never => {
    throw new Error("worlds on disk are run where the engine for disks is at hand");
  };
  const given = { digest, newDisk };

  it.each([3, 12])("gives the same history again for seed %i", async (seed) => {
    const first = await simulate(seed, given);
    const second = await simulate(seed, given);
    expect(first.history.length).toBeGreaterThan(100);
    expect(JSON.stringify(second.history)).toBe(JSON.stringify(first.history));
    expect(second.counts).toEqual(first.counts);
  });

  it("gives another history for another seed", async () => {
    const [first, second] = [await simulate(3, given), await simulate(12, given)];
    expect(JSON.stringify(second.history)).not.toBe(JSON.stringify(first.history));
  });
});
