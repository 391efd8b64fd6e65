import { describe, expect, it } from "vitest";
import { FakeSocket, masked, setUp, settle } from "../testing/fake-socket.ts";
import { WebSocketConnection } from "./connection.ts";

describe("receiving", () => {
  it("tells its owner of messages and pongs, and answers pings", async () => {
    const { clock, open } = setUp();
    const { socket, told } = open();
    socket.push(Buffer.concat([masked(1, "hé"), masked(2, "abc"), masked(10, "p"), masked(9, "q")]));
    await settle();
    expect(told).toEqual(["text hé", "binary 3", "pong 1"]);
    clock.endTurn();
    expect(socket.frames).toEqual(["8a0171"]);
  });

  it("reads nothing before `start`, and what came with the handshake first", async () => {
    const { kit } = setUp();
    const socket = new FakeSocket();
    const connection = new WebSocketConnection(kit, socket, { protocol: "" }, masked(1, "first"));
    socket.push(masked(1, "second"));
    await settle();
    const texts: string[] = [];
    connection.start({ onText: (text) => void texts.push(text), onBinary() {}, onClose() {} });
    await settle();
    expect(texts).toEqual(["first", "second"]);
    expect(() => connection.start({ onText() {}, onBinary() {}, onClose() {} })).toThrow("handlers");
  });

  it("says that it is over even when it ended before `start`", async () => {
    const { clock, kit } = setUp();
    const socket = new FakeSocket();
    const connection = new WebSocketConnection(kit, socket, { protocol: "" }, Buffer.alloc(0));
    socket.destroy(new Error("reset"));
    await settle();
    const closes: unknown[] = [];
    connection.start({ onText() {}, onBinary() {}, onClose: (...told) => void closes.push(told) });
    clock.endTurn();
    expect(closes).toEqual([[1006, "reset", false]]);
  });

  it("ends, and lets the error through, when the owner's handler throws in the middle of a read", () => {
    const { kit } = setUp();
    const socket = new FakeSocket();
    const connection = new WebSocketConnection(kit, socket, { protocol: "" }, Buffer.alloc(0));
    connection.start({
      onText() {
        throw new Error("owner's bug");
      },
      onBinary() {},
      onClose() {},
    });
    expect(() => connection.onSocketData(masked(1, "a"))).toThrow("owner's bug");
    expect(socket.destroyed).toBe(true);
    expect(connection.sendText("a")).toBe(false);
  });
});

describe("closing", () => {
  it("flushes, sends one close frame, and is over with the peer's", async () => {
    const { clock, open } = setUp();
    const { connection, socket, told } = open();
    connection.sendText("last");
    connection.close(4001, "why");
    connection.close(4002, "again");
    expect(connection.state).toBe("closing");
    expect(connection.sendText("late")).toBe(false);
    clock.endTurn();
    expect(socket.frames).toEqual(["81046c617374", "88050fa1776879"]);
    socket.push(masked(1, "dropped")); // as a browser drops what arrives while closing
    socket.push(masked(8, Buffer.from([0x0f, 0xa1])));
    await settle();
    expect(told).toEqual(["close 4001  clean"]);
    expect(connection.state).toBe("closed");
    clock.endTurn();
    expect(socket.writableEnded).toBe(true); // §7.1.1: the server ends TCP first
    expect(socket.frames).toEqual(["81046c617374", "88050fa1776879"]);
    socket.push(null);
    await settle();
    expect(socket.destroyed).toBe(true);
    expect(clock.nextDueMs).toBeUndefined(); // no timer is left behind
  });

  it("echoes the peer's code behind what is queued, and tells code and reason", async () => {
    const { clock, open } = setUp();
    const { connection, socket, told } = open();
    connection.sendText("a");
    socket.push(masked(8, Buffer.concat([Buffer.from([0x03, 0xe9]), Buffer.from("going")])));
    await settle();
    expect(told).toEqual(["close 1001 going clean"]);
    clock.endTurn();
    expect(socket.frames).toEqual(["810161", "880203e9"]);
    expect(socket.writableEnded).toBe(true);
  });

  it("echoes an empty close frame with an empty one, and reports 1005 (§7.1.5)", async () => {
    const { clock, open } = setUp();
    const { socket, told } = open();
    socket.push(masked(8, ""));
    await settle();
    clock.endTurn();
    expect(socket.frames).toEqual(["8800"]);
    expect(told).toEqual(["close 1005  clean"]);
  });

  it("says why and ends when the peer breaks the protocol, and reads no more", async () => {
    const { clock, open } = setUp();
    const { socket, told } = open();
    socket.push(Buffer.concat([Buffer.from("810161", "hex"), masked(1, "after")]));
    socket.push(masked(1, "more"));
    await settle();
    clock.endTurn();
    expect(told).toEqual(["close 1002 frame not masked unclean"]);
    expect(socket.frames).toEqual([`881203ea${Buffer.from("frame not masked").toString("hex")}`]);
    expect(socket.writableEnded).toBe(true);
    socket.push(masked(1, "still"));
    await settle();
    expect(told.length).toBe(1);
  });

  it("is over by the time limit when the peer answers nothing", async () => {
    const { clock, open } = setUp({ closeTimeoutMs: 2_000 });
    const { connection, socket, told } = open();
    connection.close();
    clock.advance(1_999);
    await settle();
    expect(told).toEqual([]);
    clock.advance(1);
    await settle();
    expect(socket.destroyed).toBe(true);
    expect(told).toEqual(["close 1006 no end after 2000 ms of closing unclean"]);
  });

  it("destroys a socket that stays half open after both close frames, by the time limit", async () => {
    const { clock, kit, open } = setUp({ closeTimeoutMs: 2_000 });
    const { socket, told } = open();
    socket.push(masked(8, ""));
    await settle();
    clock.advance(1_999);
    expect(told).toEqual(["close 1005  clean"]);
    expect(socket.writableEnded).toBe(true);
    expect(socket.destroyed).toBe(false); // the peer has not ended its side
    expect(kit.members.size).toBe(1);
    clock.advance(1);
    await settle();
    expect(socket.destroyed).toBe(true);
    expect(kit.members.size).toBe(0);
    expect(told.length).toBe(1);
  });

  it("waits, as a client, for the server to end TCP, but not past the time limit (§7.1.1)", async () => {
    const { clock, open } = setUp({ closeTimeoutMs: 2_000 }, "client");
    const { socket, told } = open();
    socket.push(Buffer.from("880203e8", "hex"));
    await settle();
    clock.endTurn();
    expect(told).toEqual(["close 1000  clean"]);
    expect(socket.writes.length).toBe(1);
    expect(socket.writableEnded).toBe(false);
    clock.advance(2_000);
    expect(socket.destroyed).toBe(true);
  });

  it("reports 1006 when the socket ends or breaks without a close frame", async () => {
    const { open } = setUp();
    const [ended, broken, terminated] = [open(), open(), open()];
    ended.socket.push(null);
    broken.socket.destroy(new Error("ECONNRESET"));
    terminated.connection.terminate();
    await settle();
    expect(ended.told).toEqual(["close 1006  unclean"]);
    expect(broken.told).toEqual(["close 1006 ECONNRESET unclean"]);
    expect(terminated.told).toEqual(["close 1006  unclean"]);
  });

  it("refuses codes and reasons that cannot travel", () => {
    const { open } = setUp();
    const { connection } = open();
    for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 1000.5]) {
      expect(() => connection.close(code)).toThrow("code");
    }
    expect(() => connection.close(1000, "é".repeat(62))).toThrow("reason");
    expect(() => connection.ping(new Uint8Array(126))).toThrow("payload");
    expect(connection.state).toBe("open");
    connection.close(1000, "é".repeat(61));
    expect(connection.state).toBe("closing");
  });
});
