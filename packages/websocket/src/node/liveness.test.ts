import { describe, expect, it } from "vitest";
import { FakeClock, SeededRandom } from "@heddle/base/fakes";
import { masked, openOn, setUp, settle } from "../testing/fake-socket.ts";
import { connectionKit } from "./connection-kit.ts";
import { resolveConnection, type ConnectionOptions } from "./connection-options.ts";
import { wheelTickMs } from "./timer-wheel.ts";

/** All limits off but those given, so that one is seen alone. */
const only = (given: ConnectionOptions) => setUp({ ping: false, messageTimeoutMs: 0, slowReceiverMs: 0, ...given });

/** A clock whose process can be stopped for a while: its timers are late by that. */
class HaltingClock extends FakeClock {
  #haltedMs = 0;

  halt(forMs: number): void {
    this.#haltedMs += forMs;
  }

  override monotonicMs(): number {
    return super.monotonicMs() + this.#haltedMs;
  }
}

const ping = "8900";
const textHead = masked(1, "hello").subarray(0, 6);

describe("ping", () => {
  it("comes after a silence of three quarters of the interval to all of it", async () => {
    const { clock, open } = only({ ping: { intervalMs: 20_000, graceMs: 5_000 } });
    const all = Array.from({ length: 200 }, open);
    clock.advance(15_000 - wheelTickMs);
    expect(all.filter(({ socket }) => socket.writes.length > 0)).toEqual([]);
    clock.advance(5_000 + wheelTickMs);
    for (const { socket } of all) expect(socket.frames).toEqual([ping]);
    await settle();
  });

  it("of 10 000 connections made at once goes out over a quarter of the interval, a few at a time", () => {
    const { clock, kit, open } = only({ ping: { intervalMs: 30_000, graceMs: 10_000 } });
    const all = Array.from({ length: 10_000 }, () => open().socket);
    let before = 0;
    let most = 0;
    for (let at = 0; at < 30_000; at += wheelTickMs) {
      clock.advance(wheelTickMs);
      const count = all.filter(({ writes }) => writes.length > 0).length;
      most = Math.max(most, count - before);
      before = count;
    }
    expect(before).toBe(10_000);
    expect(most).toBeLessThan(10_000 / 75 + 70); // 75 ticks, and chance
    expect(kit.wheel.size).toBe(10_000);
  });

  it("does not come while the peer sends anything, be it part of a frame", async () => {
    const { clock, open } = only({ ping: { intervalMs: 8_000, graceMs: 1_000 } });
    const { socket } = open();
    for (const byte of [...masked(1, "slow but there"), ...masked(10, "")]) {
      clock.advance(5_900);
      socket.push(Buffer.from([byte]));
      await settle();
    }
    expect(socket.frames).toEqual([]);
  });

  it.each(["server", "client"] as const)(
    "unanswered ends the %s's connection with 1006 within its grace",
    async (role) => {
      const { clock, kit, open } = setUp({ ping: { intervalMs: 20_000, graceMs: 5_000 } }, role);
      const all = Array.from({ length: 100 }, open);
      clock.advance(20_000);
      expect(all.every(({ socket }) => socket.writes.length === 1)).toBe(true);
      clock.advance(5_000 + wheelTickMs);
      await settle();
      for (const { told, socket } of all) {
        expect(told).toEqual(["close 1006 no answer to a ping for 5000 ms unclean"]);
        expect(socket.destroyed).toBe(true);
      }
      expect(kit.members.size).toBe(0);
      expect(kit.wheel.size).toBe(0);
      expect(clock.nextDueMs).toBeUndefined();
    },
  );

  it("answered keeps the connection, and comes again after the next silence", async () => {
    const { clock, open } = only({ ping: { intervalMs: 20_000, graceMs: 5_000 } });
    const { socket, told } = open();
    for (let round = 1; round <= 5; round++) {
      for (let waitedMs = 0; socket.frames.length < round && waitedMs < 20_000; waitedMs += wheelTickMs) {
        clock.advance(wheelTickMs);
      }
      expect(socket.frames.length).toBe(round);
      clock.advance(4_900);
      socket.push(masked(10, ""));
      await settle();
    }
    clock.advance(14_000);
    expect(socket.frames.length).toBe(5);
    expect(told).toEqual(Array<string>(5).fill("pong 0"));
  });

  it("after a halt of the process goes to those who said nothing meanwhile, and not to all in one turn", async () => {
    const clock = new HaltingClock();
    const limits = resolveConnection({ ping: { intervalMs: 20_000, graceMs: 50_000 } });
    const kit = connectionKit("server", clock, new SeededRandom(7), limits);
    const all = Array.from({ length: 1_000 }, () => openOn(kit));
    clock.advance(14_000);
    clock.halt(100_000);
    for (const { connection } of all.slice(0, 900)) connection.onSocketData(masked(10, ""));
    const pinged = (): number => all.filter(({ socket }) => socket.writes.length > 0).length;
    let most = 0;
    const advance = (byMs: number): void => {
      for (let doneMs = 0; doneMs < byMs; doneMs += wheelTickMs) {
        const before = pinged();
        clock.advance(wheelTickMs);
        most = Math.max(most, pinged() - before);
      }
    };
    advance(7_000);
    expect(pinged()).toBe(100);
    advance(9_000);
    expect(pinged()).toBe(100);
    advance(5_500);
    expect(pinged()).toBe(1_000);
    expect(most).toBeLessThan(900 / 50 + 30); // 50 ticks, and chance
    await settle();
  });

  it("is not sent, and nobody ended, when it is off", async () => {
    const { clock, kit, open } = only({});
    const { socket, told } = open();
    expect(kit.wheel.size).toBe(0);
    clock.advance(3_600_000);
    await settle();
    expect([socket.writes, told]).toEqual([[], []]);
  });
});

describe("a slow sender", () => {
  const reply = `882503f0${Buffer.from("message not complete after 10000 ms").toString("hex")}`;
  const told1008 = "close 1008 message not complete after 10000 ms unclean";

  it.each([
    ["a byte a second of one message", [...masked(1, "x".repeat(60))].map((byte) => Buffer.from([byte]))],
    ["half a header and no more", [textHead.subarray(0, 1)]],
    [
      "a first fragment, and then pings for ever",
      [masked(1, "x").fill(0x01, 0, 1), ...Array<Buffer>(60).fill(masked(9, ""))],
    ],
    ["half a ping", [masked(9, "abc").subarray(0, 7)]],
  ])("of %s is ended with 1008", async (_what, pieces) => {
    const { clock, kit, open } = only({ messageTimeoutMs: 10_000 });
    const { socket, told } = open();
    let atMs = 0;
    for (; atMs < 12_600 && !told.includes(told1008); atMs += 1_000) {
      const piece = pieces.shift();
      if (piece !== undefined) socket.push(piece);
      await settle();
      clock.advance(1_000);
    }
    expect(told).toEqual([told1008]);
    expect(atMs).toBeGreaterThanOrEqual(10_000);
    clock.endTurn();
    expect(socket.frames.at(-1)).toBe(reply);
    clock.advance(5_000);
    await settle();
    expect(kit.wheel.size + kit.members.size).toBe(0);
  });

  it("is not who completes each message in time, though one is always under way", async () => {
    const { clock, open } = only({ messageTimeoutMs: 10_000 });
    const { socket, told } = open();
    const frame = masked(1, "xx");
    const cut = (from: number): Buffer => Buffer.concat([frame.subarray(from), frame.subarray(0, from)]);
    socket.push(frame.subarray(0, 3));
    for (let count = 0; count < 20; count++) {
      clock.advance(6_000);
      socket.push(cut(3));
      await settle();
    }
    expect(told).toEqual(Array<string>(20).fill("text xx"));
  });
});

describe("a slow receiver", () => {
  it("that takes nothing is cut off, and everything let go", async () => {
    const { clock, kit, open } = only({ slowReceiverMs: 10_000 });
    const { connection, socket, told } = open();
    socket.isStuck = true;
    connection.sendText("x".repeat(1_000));
    clock.endTurn();
    connection.sendText("behind it");
    for (let second = 0; second < 10; second++) {
      socket.push(masked(1, "a")); // that it speaks does not help
      await settle();
      clock.advance(1_000);
    }
    expect(connection.state).toBe("open");
    clock.advance(2_500 + wheelTickMs);
    await settle();
    expect(told.at(-1)).toBe("close 1006 nothing taken for 10000 ms unclean");
    expect(connection.queuedBytes - 1_004).toBe(0); // what the destroyed socket had
    expect(kit.wheel.size + kit.members.size).toBe(0);
  });

  it("that takes a write now and then is kept", async () => {
    const { clock, open } = only({ slowReceiverMs: 10_000 });
    const { connection, socket, told } = open();
    for (let count = 0; count < 10; count++) {
      socket.isStuck = true;
      connection.sendText("x".repeat(1_000));
      clock.advance(9_000);
      socket.unstick();
      await settle();
    }
    clock.advance(60_000);
    expect(told).toEqual([]);
    expect(socket.writes.length).toBe(10);
  });
});

describe("an idle connection", () => {
  const closeIdle = `880603e9${Buffer.from("idle").toString("hex")}`;

  it("is closed with 1001 when no message came or went", async () => {
    const { clock, open } = only({ idleMs: 10_000, ping: { intervalMs: 4_000, graceMs: 4_000 } });
    const { connection, socket, told } = open();
    for (let second = 0; second < 13; second++) {
      connection.ping(); // is no message
      socket.push(masked(9, "nor is this"));
      await settle();
      clock.advance(1_000);
    }
    expect(socket.frames.at(-1)).toBe(closeIdle);
    expect(socket.frames.indexOf(closeIdle)).toBeGreaterThanOrEqual(20);
    socket.push(masked(8, Buffer.from([0x03, 0xe9])));
    await settle();
    expect(told).toEqual(["close 1001  clean"]);
  });

  it("is not one with a message now and then, in either direction", async () => {
    const { clock, open } = only({ idleMs: 10_000 });
    const { connection, socket } = open();
    for (let count = 0; count < 10; count++) {
      clock.advance(9_000);
      if (count % 2 === 0) connection.sendText("a");
      else socket.push(masked(2, "a"));
      await settle();
    }
    expect(connection.state).toBe("open");
    clock.advance(12_500 + wheelTickMs);
    expect(connection.state).toBe("closing");
  });
});

describe("a flood", () => {
  it.each([
    ["frames", masked(1, "a"), "over 50 frames a second"],
    ["control frames", masked(10, ""), "over 10 control frames a second"],
  ])("of %s is ended with 1008, in the middle of what was read", async (_what, frame, why) => {
    const { open } = only({ maxFramesPerSecond: 50, maxControlFramesPerSecond: 10 });
    const { socket, told } = open();
    socket.push(Buffer.concat(Array<Buffer>(1_000).fill(frame)));
    await settle();
    expect(told.at(-1)).toBe(`close 1008 ${why} unclean`);
    expect(told.length - 1).toBe(_what === "frames" ? 100 : 20);
  });

  it("is not what keeps to the rate, or has no limit", async () => {
    const { clock, open } = only({ maxFramesPerSecond: 50, maxControlFramesPerSecond: 0 });
    const { socket, told } = open();
    for (let second = 0; second < 20; second++) {
      socket.push(Buffer.concat(Array<Buffer>(50).fill(masked(9, "a"))));
      await settle();
      clock.advance(1_000);
    }
    expect(told).toEqual([]);
  });
});

describe("the wheel", () => {
  it("is empty, and its timer gone, once all connections are, however they ended", async () => {
    const { clock, kit, open } = setUp();
    const all = Array.from({ length: 50 }, open);
    expect(kit.wheel.size).toBe(50);
    for (const [index, { connection, socket }] of all.entries()) {
      if (index % 4 === 0) connection.terminate();
      else if (index % 4 === 1) socket.destroy(new Error("reset"));
      else if (index % 4 === 2) connection.close();
      else socket.push(Buffer.from("810161", "hex")); // not masked
    }
    await settle();
    clock.advance(5_000 + wheelTickMs);
    await settle();
    expect(kit.members.size).toBe(0);
    expect(kit.wheel.size).toBe(0);
    expect(clock.nextDueMs).toBeUndefined();
  });
});
