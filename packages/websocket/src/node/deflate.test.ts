// Compression on connections: what is shared among them, what is each one's own.

import { describe, expect, it } from "vitest";
import { packFrame, prepareText, type PreparedFrame } from "../core/frame.ts";
import { opcodes } from "../core/opcode.ts";
import { DeflateKit } from "../deflate/deflate-kit.ts";
import { resolveDeflate, type DeflateOptions } from "../deflate/deflate-options.ts";
import type { DeflateTerms } from "../deflate/negotiation.ts";
import { Window } from "../deflate/window.ts";
import { zlibCodec, type MessageCodec } from "../deflate/zlib-codec.ts";
import { setUp, settle, textFrame } from "../testing/fake-socket.ts";
import { sendAll } from "./bulk-send.ts";

const text = (seed: number): string =>
  JSON.stringify(Array.from({ length: 60 }, (_, row) => ({ row, price: (row * seed) % 97 })));
const plainTerms: DeflateTerms = {
  ...{ windowBits: 15, contextTakeover: false, peerWindowBits: 15, peerContextTakeover: false },
};

/** A kit whose zlib is counted, and connections on it by their terms. */
function deflating(options: DeflateOptions = {}, role: "server" | "client" = "server") {
  const counted: number[] = [];
  const codec: MessageCodec = {
    deflate(plain, window, effort) {
      counted.push(plain.length);
      return zlibCodec.deflate(plain, window, effort);
    },
    inflate: zlibCodec.inflate,
  };
  const zip = new DeflateKit(resolveDeflate(options) as Required<DeflateOptions>, codec);
  const { clock, open, kit } = setUp({}, role);
  const openWith = (terms: Partial<DeflateTerms> = {}) => open(zip.connect({ ...plainTerms, ...terms }));
  return { clock, kit, zip, counted, open, openWith };
}

interface Got {
  readonly text: string;
  readonly isCompressed: boolean;
}

/** What unmasked or masked text frames say to a receiver that keeps `windowBits` of context. */
function received(bytes: Buffer, windowBits = 0): Got[] {
  const window = new Window(windowBits);
  const got: Got[] = [];
  for (let at = 0; at < bytes.length;) {
    const first = bytes.readUInt8(at);
    const isMasked = bytes.readUInt8(at + 1) >= 0x80;
    const code = bytes.readUInt8(at + 1) & 0x7f;
    const length = code < 126 ? code : bytes.readUInt16BE(at + 2);
    const keyAt = at + (code < 126 ? 2 : 4);
    const from = keyAt + (isMasked ? 4 : 0);
    const payload = bytes
      .subarray(from, from + length)
      .map((byte, index) => (isMasked ? byte ^ bytes.readUInt8(keyAt + (index % 4)) : byte));
    const isCompressed = (first & 0x40) !== 0;
    const plain = isCompressed ? (zlibCodec.inflate(payload, window.bytes, 1_000_000) as Uint8Array) : payload;
    if (isCompressed && windowBits > 0) window.push(plain);
    got.push({ text: Buffer.from(plain).toString(), isCompressed });
    at = from + length;
  }
  return got;
}

const compressed = (seed: number): Got => ({ text: text(seed), isCompressed: true });
const written = (socket: { readonly writes: Buffer[] }): Buffer => Buffer.concat(socket.writes);

describe("a frame for many", () => {
  it("is compressed exactly once for 100 connections, which write the same memory", () => {
    const { clock, counted, openWith } = deflating();
    const all = Array.from({ length: 100 }, () => openWith());
    const connections = all.map(({ connection }) => connection);
    sendAll([textFrame(text(1))], connections);
    clock.endTurn();
    expect(counted).toEqual([text(1).length]);
    const shared = all[0]?.socket.writes[0] as Buffer;
    for (const { socket } of all) expect(socket.writes[0]).toBe(shared);
    expect(received(shared)).toEqual([compressed(1)]);
    expect(shared.length).toBeLessThan(text(1).length / 2);
  });

  it("is compressed once even when it is sent again, one by one, in other turns and lists", () => {
    const { clock, counted, openWith } = deflating();
    const all = Array.from({ length: 20 }, () => openWith());
    const frames = [1, 2, 3].map((seed) => textFrame(text(seed)));
    for (const frame of frames) {
      for (const { connection } of all) connection.send(frame);
      clock.endTurn();
    }
    sendAll(
      frames.toReversed(),
      all.map(({ connection }) => connection),
    );
    clock.endTurn();
    expect(counted.length).toBe(3);
    for (const { socket } of all) {
      expect(received(written(socket))).toEqual([1, 2, 3, 3, 2, 1].map(compressed));
      expect(socket.writes.at(-1)).toBe(all[0]?.socket.writes.at(-1));
    }
  });

  it("goes plain to those without compression, who share as ever, and is not compressed for them alone", () => {
    const { clock, counted, open, openWith } = deflating();
    const [plain, zipped] = [Array.from({ length: 3 }, () => open()), Array.from({ length: 3 }, () => openWith())];
    const frames = [textFrame(text(1)), textFrame("short"), textFrame(text(2))];
    sendAll(
      frames,
      plain.map(({ connection }) => connection),
    );
    expect(counted).toEqual([]);
    // Interleaved, as a room of mixed members is.
    sendAll(
      frames,
      [zipped[0], plain[0], zipped[1], plain[1], zipped[2], plain[2]].map((one) => one?.connection as never),
    );
    clock.endTurn();
    expect(counted.length).toBe(2);
    const wanted = [text(1), "short", text(2)];
    const twice = [...wanted, ...wanted].map((each) => ({ text: each, isCompressed: false }));
    for (const { socket } of plain) {
      expect(received(written(socket))).toEqual(twice);
      expect(socket.writes[0]).toBe(plain[0]?.socket.writes[0]);
    }
    for (const { socket } of zipped) {
      expect(received(written(socket))).toEqual([compressed(1), { text: "short", isCompressed: false }, compressed(2)]);
      expect(socket.writes[0]).toBe(zipped[0]?.socket.writes[0]);
    }
  });

  it("is compressed once more for those that want a smaller window", () => {
    const { clock, counted, openWith } = deflating();
    const all = [15, 9, 15, 9, 9].map((windowBits) => openWith({ windowBits }));
    sendAll(
      [textFrame(text(1))],
      all.map(({ connection }) => connection),
    );
    clock.endTurn();
    expect(counted.length).toBe(2);
    expect(all[3]?.socket.writes[0]).toBe(all[1]?.socket.writes[0]);
    for (const { socket } of all) expect(received(written(socket))).toEqual([compressed(1)]);
  });
});

it("keeps no list longer than its turn", () => {
  const { clock, kit, zip, openWith } = deflating();
  const { shared } = zip.connect(plainTerms);
  const [plainList, codedList] = [kit.writer.rootFor(undefined), kit.writer.rootFor(shared)];
  expect(kit.writer.rootFor(shared)).toBe(codedList);
  openWith().connection.sendText(text(1));
  clock.endTurn();
  expect(kit.writer.rootFor(undefined)).not.toBe(plainList);
  expect(kit.writer.rootFor(shared)).not.toBe(codedList);
});

describe("what is compressed", () => {
  it("are messages from the threshold on, text and binary, and no control frames", () => {
    const { clock, openWith } = deflating({ thresholdBytes: 100 });
    const { connection, socket } = openWith();
    connection.sendText("a".repeat(99));
    connection.sendText("a".repeat(100));
    connection.sendBinary(new Uint8Array(100));
    connection.ping(new Uint8Array(120));
    connection.readPing(new Uint8Array(121));
    connection.close(1000, "a".repeat(110));
    clock.endTurn();
    expect(socket.frames.map((frame) => frame.slice(0, 2))).toEqual(["81", "c1", "c2", "89", "8a", "88"]);
  });

  it("is nothing that would not shrink", () => {
    const { clock, counted, openWith } = deflating({ thresholdBytes: 0 });
    const { connection, socket } = openWith();
    for (const payload of ["", "a", "ab", "Hello"]) connection.sendText(payload);
    clock.endTurn();
    expect(counted.length).toBe(4);
    expect(socket.frames.map((frame) => frame.slice(0, 2))).toEqual(["81", "81", "81", "81"]);
  });

  it("is masked behind compression when a client sends it", () => {
    for (const contextTakeover of [false, true]) {
      const { clock, openWith } = deflating({}, "client");
      const { connection, socket } = openWith({ contextTakeover });
      for (const seed of [1, 2, 1]) connection.sendText(text(seed));
      clock.endTurn();
      expect(written(socket).readUInt8(1) & 0x80).toBe(0x80);
      expect(received(written(socket), contextTakeover ? 15 : 0)).toEqual([1, 2, 1].map(compressed));
    }
  });

  it("counts in the queue as it will be written", () => {
    const { clock, openWith } = deflating();
    const { connection, socket } = openWith();
    connection.sendText(text(1));
    const queued = connection.queuedBytes;
    clock.endTurn();
    expect(queued).toBe(written(socket).length);
  });
});

describe("frames taken back", () => {
  const isText = (wanted: number) => (frame: PreparedFrame) => Buffer.from(frame.wire).includes(text(wanted));

  it.each([false, true])(
    "are the objects that were given, and the others arrive (context takeover: %s)",
    (contextTakeover) => {
      const { clock, openWith } = deflating();
      const { connection, socket } = openWith({ contextTakeover });
      const frames = [1, 2, 3, 4].map((seed) => textFrame(text(seed)));
      connection.sendFrames(frames);
      expect(connection.takeBack(isText(2))).toEqual([frames[1]]);
      expect(connection.takeBack(isText(4))[0]).toBe(frames[3]);
      clock.endTurn();
      connection.sendFrames(frames);
      clock.endTurn();
      const got = received(written(socket), contextTakeover ? 15 : 0);
      expect(got).toEqual([1, 3, 1, 2, 3, 4].map(compressed));
    },
  );

  it("do not confuse the window when they waited for a slow socket", async () => {
    const { clock, openWith } = deflating();
    const { connection, socket } = openWith({ contextTakeover: true });
    socket.isStuck = true;
    for (const seed of [1, 2, 3]) {
      connection.sendText(text(seed));
      clock.endTurn();
    }
    expect(connection.takeBack(isText(2)).length).toBe(1);
    socket.unstick();
    await settle();
    clock.endTurn();
    expect(received(written(socket), 15)).toEqual([1, 3].map(compressed));
  });
});

describe("context takeover", () => {
  it("makes a repeated message tiny, and goes by what the peer has: nothing of what went plain", () => {
    const { clock, openWith } = deflating({ thresholdBytes: 0 });
    const { connection, socket } = openWith({ contextTakeover: true });
    const noise = Array.from({ length: 40 }, (_, at) => String.fromCharCode(33 + at * 2)).join("");
    for (const each of [text(1), noise, text(1), noise, text(1)]) {
      connection.sendText(each);
      clock.endTurn();
    }
    const got = received(written(socket), 15);
    expect(got.map((one) => one.text)).toEqual([text(1), noise, text(1), noise, text(1)]);
    expect(got.map((one) => one.isCompressed)).toEqual([true, false, true, false, true]);
    const [first, , second, , third] = socket.writes.map(({ length }) => length);
    expect(first).toBeGreaterThan(200);
    expect(second).toBeLessThan(80);
    expect(third).toBeLessThan(80);
  });

  it("compresses for each connection, in the order of its own writes", () => {
    const { clock, counted, openWith } = deflating();
    const all = Array.from({ length: 3 }, () => openWith({ contextTakeover: true, windowBits: 10 }));
    all[1]?.connection.sendText(text(9));
    const frames = [1, 2].map((seed) => prepareText(Buffer.from(text(seed))));
    sendAll(
      frames,
      all.map(({ connection }) => connection),
    );
    clock.endTurn();
    expect(counted.length).toBe(7);
    expect(received(written(all[1]?.socket as never), 10)).toEqual([9, 1, 2].map(compressed));
    expect(received(written(all[2]?.socket as never), 10)).toEqual([1, 2].map(compressed));
  });
});

it("reads compressed frames, and ends a connection with 1009 when a bomb comes", async () => {
  const { clock, openWith } = deflating();
  const { socket, told } = openWith();
  const masked = (first: number, payload: Uint8Array): Buffer => {
    const frame = Buffer.from(packFrame(opcodes.binary, payload));
    frame[0] = first;
    frame[1] = (frame[1] as number) | 0x80;
    const head = frame.length - payload.length;
    return Buffer.concat([frame.subarray(0, head), Buffer.alloc(4), payload]);
  };
  const zip = (plain: Uint8Array): Uint8Array =>
    zlibCodec.deflate(plain, new Uint8Array(0), { windowBits: 15, level: 9 });
  socket.push(masked(0xc1, zip(Buffer.from("Hello, hello, hello"))));
  const bomb = zip(new Uint8Array(10 * 2 ** 20));
  expect(bomb.length).toBeLessThan(12_000);
  socket.push(masked(0xc2, bomb));
  await settle();
  clock.endTurn();
  expect(told).toEqual(["text Hello, hello, hello", "close 1009 message over 1048576 bytes once inflated unclean"]);
  expect(socket.frames.at(-1)?.slice(0, 8)).toMatch(/^88..03f1/);
});
