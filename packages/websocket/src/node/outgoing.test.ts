import { describe, expect, it } from "vitest";
import { packFrame } from "../core/frame.ts";
import { opcodes } from "../core/opcode.ts";
import { FakeSocket, masked, setUp, settle, textFrame } from "../testing/fake-socket.ts";
import { sendAll } from "./bulk-send.ts";
import { WebSocketConnection } from "./connection.ts";

describe("sending", () => {
  it("writes once per turn, everything in order, whichever way it was sent", () => {
    const { clock, open } = setUp();
    const { connection, socket } = open();
    connection.sendText("a");
    connection.sendBinary(Buffer.from("b"));
    sendAll([textFrame("c"), textFrame("d")], [connection]);
    connection.ping();
    expect(socket.writes).toEqual([]);
    expect(connection.queuedBytes).toBe(14);
    clock.endTurn();
    expect(socket.writes.length).toBe(1);
    expect(socket.frames).toEqual(["810161", "820162", "810163", "810164", "8900"]);
    expect(connection.queuedBytes).toBe(0);
    clock.endTurn();
    expect(socket.writes.length).toBe(1);
  });

  it("shares one joined buffer among all connections with equal queues, and only among those", () => {
    const { clock, open } = setUp();
    const all = Array.from({ length: 50 }, open);
    const frames = Array.from({ length: 10 }, (_, index) => textFrame(`frame ${index}`));
    const odd = all[20] as (typeof all)[number];
    odd.connection.sendText("own");
    const connections = all.map(({ connection }) => connection);
    sendAll(frames.slice(0, 6), connections);
    for (const frame of frames.slice(6)) for (const connection of connections) connection.send(frame);
    clock.endTurn();

    const shared = all[0]?.socket.writes[0] as Buffer;
    expect(shared).toEqual(Buffer.concat(frames.map(({ wire }) => wire)));
    for (const { socket } of all) expect(socket.writes.length).toBe(1);
    for (const { socket } of all.filter((one) => one !== odd)) expect(socket.writes[0]).toBe(shared);
    expect(odd.socket.writes[0]).toEqual(Buffer.concat([textFrame("own").wire, shared]));
  });

  it("writes a single frame from where it is", () => {
    const { clock, open } = setUp();
    const frame = textFrame("a");
    const [one, two] = [open(), open()];
    sendAll([frame], [one.connection, two.connection]);
    clock.endTurn();
    expect(one.socket.writes[0]?.buffer).toBe(frame.wire.buffer);
    expect(two.socket.writes[0]).toBe(one.socket.writes[0]);
  });

  it("does not copy large frames, and keeps their place", () => {
    const { clock, open } = setUp();
    const { connection, socket } = open();
    const large = { wire: packFrame(opcodes.binary, new Uint8Array(20_000)) };
    connection.sendFrames([textFrame("a"), textFrame("b"), large, textFrame("c")]);
    clock.endTurn();
    expect(socket.writes.map(({ length }) => length)).toEqual([6, 20_004, 3]);
    expect(socket.writes[1]?.buffer).toBe(large.wire.buffer);
  });

  it("masks each frame of a client with a key of its own (§5.3)", () => {
    const { clock, open } = setUp({}, "client");
    const [one, two] = [open(), open()];
    const frame = textFrame("aaaa");
    sendAll([frame, frame], [one.connection, two.connection]);
    clock.endTurn();
    const keys = new Set<string>();
    for (const { socket } of [one, two]) {
      const bytes = socket.writes[0] as Buffer;
      for (const at of [0, 10]) {
        expect(bytes.subarray(at, at + 2).toString("hex")).toBe("8184");
        const key = bytes.subarray(at + 2, at + 6);
        keys.add(key.toString("hex"));
        const payload = bytes.subarray(at + 6, at + 10).map((byte, index) => byte ^ (key[index] as number));
        expect(Buffer.from(payload).toString()).toBe("aaaa");
      }
    }
    expect(keys.size).toBe(4);
    expect(Buffer.from(frame.wire).toString("hex")).toBe("810461616161");
  });

  it("keeps the others' turn when one owner's handler throws", () => {
    const { clock, kit, open } = setUp({ highWaterBytes: 1_024 });
    const socket = new FakeSocket();
    const thrower = new WebSocketConnection(kit, socket, { protocol: "" }, Buffer.alloc(0));
    thrower.start({
      onText() {},
      onBinary() {},
      onClose() {},
      onWritable() {
        throw new Error("owner's bug");
      },
    });
    const other = open();
    sendAll([textFrame("x".repeat(500))], [thrower, other.connection]);
    expect(() => clock.endTurn()).toThrow("owner's bug");
    clock.endTurn();
    expect(other.socket.writes.length).toBe(1);
  });
});

describe("takeBack", () => {
  it("returns what was asked for, oldest first, and sends the others in order", () => {
    const { clock, open } = setUp();
    const { connection, socket } = open();
    const frames = ["a", "b", "c", "d"].map(textFrame);
    const other = open();
    sendAll(frames, [connection, other.connection]);
    expect(connection.takeBack((frame) => frame === frames[0] || frame === frames[2])).toEqual([frames[0], frames[2]]);
    expect(connection.queuedBytes).toBe(6);
    clock.endTurn();
    expect(socket.frames).toEqual(["810162", "810164"]);
    expect(other.socket.frames).toEqual(["810161", "810162", "810163", "810164"]);
    expect(connection.takeBack(() => true)).toEqual([]);
  });

  it("leaves pongs and the close frame", () => {
    const { clock, open } = setUp();
    const { connection, socket } = open();
    connection.readPing(Buffer.from("p"));
    connection.sendText("a");
    connection.close(4000, "");
    expect(connection.takeBack(() => true).length).toBe(1);
    clock.endTurn();
    expect(socket.frames).toEqual(["8a0170", "88020fa0"]);
  });

  it("reaches what waits for a full socket, but not what the socket has", async () => {
    const { clock, open } = setUp();
    const { connection, socket } = open();
    socket.isStuck = true;
    connection.sendText("x".repeat(1_000));
    clock.endTurn();
    connection.sendText("later");
    clock.endTurn();
    expect(socket.writes.length).toBe(1);
    expect(connection.takeBack(() => true).map(({ wire }) => Buffer.from(wire.subarray(2)).toString())).toEqual([
      "later",
    ]);
    socket.unstick();
    await settle();
    clock.endTurn();
    expect(socket.writes.length).toBe(1);
  });
});

describe("a socket that others wrote to before", () => {
  it("gets their bytes first", async () => {
    const { clock, kit } = setUp();
    const socket = new FakeSocket();
    socket.isStuck = true;
    socket.write("theirs, on its way. ");
    socket.write("theirs, behind it");
    const connection = new WebSocketConnection(kit, socket, { protocol: "" }, Buffer.alloc(0));
    connection.sendText("ours");
    clock.endTurn();
    expect(connection.queuedBytes).toBe(37 + 6);
    socket.unstick();
    await settle();
    clock.endTurn();
    expect(Buffer.concat(socket.writes).toString("latin1")).toBe("theirs, on its way. theirs, behind it\x81\x04ours");
  });
});

describe("a socket that fails to write", () => {
  it("is destroyed, and its owner told 1006 with the reason", async () => {
    const { clock, open } = setUp();
    const { connection, socket, told } = open();
    socket.fails = new Error("EPIPE of the test");
    connection.sendText("a");
    clock.endTurn();
    await settle();
    expect(told).toEqual(["close 1006 EPIPE of the test unclean"]);
    expect(socket.destroyed).toBe(true);
  });
});

describe("a slow socket", () => {
  it("gets nothing more until it has drained, then one write of all that waited", async () => {
    const { clock, open } = setUp();
    const { connection, socket } = open();
    socket.isStuck = true;
    connection.sendText("x".repeat(2_000));
    clock.endTurn();
    for (const text of ["a", "b"]) {
      connection.sendText(text);
      clock.endTurn();
    }
    expect(socket.writes.length).toBe(1);
    expect(connection.queuedBytes).toBe(2_004 + 6);
    socket.unstick();
    await settle();
    clock.endTurn();
    expect(socket.writes.length).toBe(2);
    expect(socket.writes[1]).toEqual(Buffer.from("810161810162", "hex"));
    expect(connection.queuedBytes).toBe(0);
  });

  it("still shares what waited with others in the same state", async () => {
    const { clock, open } = setUp();
    const slow = [open(), open(), open()];
    const connections = slow.map(({ connection }) => connection);
    for (const { socket } of slow) socket.isStuck = true;
    sendAll([textFrame("x".repeat(2_000))], connections);
    clock.endTurn();
    for (let turn = 0; turn < 3; turn++) {
      sendAll([textFrame(`turn ${turn}`)], connections);
      clock.endTurn();
    }
    for (const { socket } of slow) socket.unstick();
    await settle();
    clock.endTurn();
    expect(slow[0]?.socket.writes[1]?.toString()).toContain("turn 2");
    for (const { socket } of slow) expect(socket.writes[1]).toBe(slow[0]?.socket.writes[1]);
  });

  it("says once that it is writable again, after the queue was above low water", async () => {
    const { clock, open } = setUp({ highWaterBytes: 4_000 });
    const { connection, socket, told } = open();
    connection.sendText("x".repeat(900));
    clock.endTurn();
    expect(told).toEqual([]); // never above 1 000
    socket.isStuck = true;
    connection.sendText("x".repeat(1_100));
    clock.endTurn();
    clock.endTurn();
    expect(told).toEqual([]);
    socket.unstick();
    await settle();
    clock.endTurn();
    expect(told).toEqual(["writable"]);
    connection.sendText("a");
    clock.endTurn();
    expect(told).toEqual(["writable"]);
  });

  it("says so as well when everything above low water was taken back", () => {
    const { clock, open } = setUp({ highWaterBytes: 4_000 });
    const { connection, told } = open();
    connection.sendText("x".repeat(1_100));
    expect(connection.takeBack(() => true).length).toBe(1);
    clock.endTurn();
    expect(told).toEqual(["writable"]);
  });

  it("loses the connection when more than the limit waits for it", async () => {
    const { clock, open } = setUp({ maxQueuedBytes: 3_000 });
    const { connection, socket, told } = open();
    socket.isStuck = true;
    connection.sendText("x".repeat(2_000));
    clock.endTurn();
    expect(connection.sendText("y".repeat(2_000))).toBe(true);
    expect(connection.sendText("z".repeat(2_000))).toBe(false);
    expect(connection.sendText("z")).toBe(false);
    await settle();
    expect(told).toEqual(["close 1006 over 3000 bytes wait for the socket unclean"]);
    expect(socket.writes.length).toBe(1);
  });

  it("gets only the latest pong of a peer that pings and does not read (§5.5.3)", async () => {
    const { clock, open } = setUp({ highWaterBytes: 1_024, maxControlFramesPerSecond: 0 });
    const { socket, connection } = open();
    socket.isStuck = true;
    for (let count = 0; count < 10_000; count++) socket.push(masked(opcodes.ping, `ping ${count}`));
    await settle();
    expect(connection.queuedBytes).toBeLessThan(1_100);
    for (let round = 0; round < 3; round++) {
      clock.endTurn();
      socket.unstick();
      await settle();
    }
    clock.endTurn();
    expect(Buffer.concat(socket.writes).length).toBeLessThan(1_100);
    expect(socket.writes.at(-1)?.toString().endsWith("ping 9999")).toBe(true);
  });
});
