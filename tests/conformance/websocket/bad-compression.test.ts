// permessage-deflate over a real socket (RFC 7692): misuse of its bit and its parameters, broken data, and bombs.

import { constants, deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { acceptText, clientFrame, Ends, framesOf, requestText, serverFrame, wire } from "./raw-peer.ts";

const limits = { maxMessageBytes: 10_000, deflate: {} };
const closing = wire("03e8");

/** A payload as §7.2.1 makes it. */
const deflated = (plain: Buffer | string): Buffer =>
  deflateRawSync(plain, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);

/** Ten megabytes in ten kilobytes. */
const bomb = deflated(Buffer.alloc(10 * 2 ** 20)).subarray(0, 9_000);

type Case = [what: string, frame: (pack: typeof clientFrame) => Buffer, answer: string[]];

const cases: Case[] = [
  [
    "a compressed text (§7.2.3.1)",
    (pack) => Buffer.concat([pack(0xc1, wire("f248cdc9c90700")), pack(0x88, closing)]),
    ["text Hello", "close 1000"],
  ],
  [
    "a compressed text in two frames (§7.2.3.1)",
    (pack) => Buffer.concat([pack(0x41, wire("f248cd")), pack(0x80, wire("c9c90700")), pack(0x88, closing)]),
    ["text Hello", "close 1000"],
  ],
  [
    "a stored block (§7.2.3.3)",
    (pack) => Buffer.concat([pack(0xc1, wire("000500faff48656c6c6f00")), pack(0x88, closing)]),
    ["text Hello", "close 1000"],
  ],
  [
    "a block with BFINAL (§7.2.3.4)",
    (pack) => Buffer.concat([pack(0xc1, wire("f348cdc9c9070000")), pack(0x88, closing)]),
    ["text Hello", "close 1000"],
  ],
  [
    "two blocks (§7.2.3.5)",
    (pack) => Buffer.concat([pack(0xc1, wire("f248050000 00ffff cac9c90700")), pack(0x88, closing)]),
    ["text Hello", "close 1000"],
  ],
  [
    "an empty message (§7.2.3.6)",
    (pack) => Buffer.concat([pack(0xc1, wire("00")), pack(0x88, closing)]),
    ["text ", "close 1000"],
  ],
  [
    "an uncompressed message (§6)",
    (pack) => Buffer.concat([pack(0x81, "plain"), pack(0x88, closing)]),
    ["text plain", "close 1000"],
  ],
  ["RSV1 on a ping (§6.1)", (pack) => pack(0xc9, wire("00")), ["close 1002"]],
  ["RSV1 on a close (§6.1)", (pack) => pack(0xc8, closing), ["close 1002"]],
  ["RSV1 on a pong (§6.1)", (pack) => pack(0xca), ["close 1002"]],
  [
    "RSV1 on a continuation (§6.1)",
    (pack) => Buffer.concat([pack(0x41, wire("f248cd")), pack(0xc0, wire("c9c90700"))]),
    ["close 1002"],
  ],
  [
    "RSV1 on the continuation of a plain message (§6.1)",
    (pack) => Buffer.concat([pack(0x01, "a"), pack(0xc0, wire("00"))]),
    ["close 1002"],
  ],
  ["RSV2, which nobody agreed on", (pack) => pack(0xe1, wire("00")), ["close 1002"]],
  ["an unknown kind of block", (pack) => pack(0xc2, wire("07")), ["close 1007"]],
  ["data that refers back before its beginning", (pack) => pack(0xc2, wire("e240d100")), ["close 1007"]],
  [
    "data that ends inside a block",
    (pack) => pack(0xc2, deflated("a".repeat(500) + "bcd").subarray(0, 4)),
    ["close 1007"],
  ],
  ["a text that is not UTF-8 once inflated (§8.1)", (pack) => pack(0xc1, deflated(wire("c328"))), ["close 1007"]],
  ["a bomb", (pack) => pack(0xc2, bomb), ["close 1009"]],
  [
    "a bomb in fragments",
    (pack) => Buffer.concat([pack(0x42, bomb.subarray(0, 4_000)), pack(0x80, bomb.subarray(4_000))]),
    ["close 1009"],
  ],
  ["one byte over the limit once inflated", (pack) => pack(0xc2, deflated(Buffer.alloc(10_001))), ["close 1009"]],
];

const offer = { "Sec-WebSocket-Extensions": ["permessage-deflate"] };
const agreed = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover";

describe("our compressing server over a socket", () => {
  it.each(cases)("knows what to do with %s", async (_what, frame, answer) => {
    await using ends = new Ends();
    const { port } = await ends.ourServer(limits);
    const all = await ends.talk(port, Buffer.concat([Buffer.from(requestText(offer)), frame(clientFrame)]));
    const headBytes = all.indexOf("\r\n\r\n") + 4;
    expect(all.subarray(0, headBytes).toString()).toContain("\r\nSec-WebSocket-Extensions: permessage-deflate");
    expect(framesOf(all.subarray(headBytes))).toEqual(answer);
  });

  it("inflates a bomb no further than its limit", async () => {
    await using ends = new Ends();
    const { port } = await ends.ourServer(limits);
    const before = process.memoryUsage().arrayBuffers;
    await ends.talk(port, Buffer.concat([Buffer.from(requestText(offer)), clientFrame(0xc2, bomb)]));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
  });

  it("has no meaning for RSV1 when compression was not agreed on", async () => {
    await using ends = new Ends();
    const { port } = await ends.ourServer(limits);
    const all = await ends.talk(port, Buffer.concat([Buffer.from(requestText()), clientFrame(0xc1, wire("00"))]));
    expect(framesOf(all.subarray(all.indexOf("\r\n\r\n") + 4))).toEqual(["close 1002"]);
  });

  it.each([
    ["a window of 2^7 (§7.1.2.1)", "server_max_window_bits=7"],
    ["a window of 2^16 (§7.1.2.2)", "client_max_window_bits=16"],
    ["a window with a leading zero (§7.1.2)", "client_max_window_bits=010"],
    ["a server's window without a value (§7.1.2.1)", "server_max_window_bits"],
    ["a value where there is none (§7.1.1)", "server_no_context_takeover=1"],
    ["a parameter twice (§7.1)", "client_max_window_bits=10; client_max_window_bits=11"],
    ["a parameter nobody knows (§7.1)", "x=1"],
  ])("declines an offer with %s, and takes the next", async (_what, parameter) => {
    await using ends = new Ends();
    const { port } = await ends.ourServer(limits);
    const bad = `permessage-deflate; ${parameter}`;
    const close = "\x88\x80\0\0\0\0";
    const declined = await ends.talk(port, requestText({ "Sec-WebSocket-Extensions": [bad] }) + close);
    expect(declined.toString("latin1")).toMatch(/^HTTP\/1\.1 101 /);
    expect(declined.toString("latin1")).not.toContain("Sec-WebSocket-Extensions");
    const next = requestText({ "Sec-WebSocket-Extensions": [`${bad}, permessage-deflate`] }) + close;
    expect((await ends.talk(port, next)).toString("latin1")).toContain("Sec-WebSocket-Extensions: permessage-deflate");
  });
});

describe("our compressing dialler over a socket", () => {
  it.each(cases)("knows what to do with %s", async (_what, frame, answer) => {
    await using ends = new Ends();
    const { sent } = await ends.dialRaw((key) => acceptText(key, agreed), frame(serverFrame), limits);
    expect(framesOf(sent)).toEqual(answer);
  });

  it.each([
    ["a window of 2^7 (§7.1.2.1)", "permessage-deflate; server_no_context_takeover; server_max_window_bits=7"],
    ["a window of 2^16 (§7.1.2.2)", "permessage-deflate; server_no_context_takeover; client_max_window_bits=16"],
    ["a window without a value (§7.1.2.2)", "permessage-deflate; server_no_context_takeover; client_max_window_bits"],
    ["a parameter twice (§7.1)", "permessage-deflate; server_no_context_takeover; server_no_context_takeover"],
    ["a parameter nobody knows (§7.1)", "permessage-deflate; server_no_context_takeover; x"],
    ["context it was asked not to keep (§7.1.1.1)", "permessage-deflate"],
    ["the same extension twice", "permessage-deflate; server_no_context_takeover, permessage-deflate"],
    ["another extension beside", "permessage-deflate; server_no_context_takeover, x"],
  ])("fails on an answer with %s", async (_what, value) => {
    await using ends = new Ends();
    const answer = (key: string): string => acceptText(key, `Sec-WebSocket-Extensions: ${value}`);
    await expect(ends.dialRaw(answer, undefined, limits)).rejects.toMatchObject({ code: "handshake-invalid" });
  });
});
