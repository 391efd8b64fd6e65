// What a reader makes of RSV1 (RFC 7692 §6), with zlib behind it.

import { describe, expect, it } from "vitest";
import { SeededRandom } from "@heddle/base/fakes";
import { resolveDeflate, type DeflateOptions } from "../deflate/deflate-options.ts";
import { DeflateKit } from "../deflate/deflate-kit.ts";
import { zlibCodec } from "../deflate/zlib-codec.ts";
import { nodeBytes } from "../node/node-bytes.ts";
import { MessageReader, type ReaderEvents } from "./message-reader.ts";

const noWindow = new Uint8Array(0);
const deflated = (text: string | Uint8Array): Buffer =>
  Buffer.from(zlibCodec.deflate(Buffer.from(text as string), noWindow, { windowBits: 15, level: 6 }));

/** An unmasked frame; `first` is the byte with FIN, reserved bits and opcode. */
function frame(first: number, payload: Uint8Array = noWindow): Buffer {
  const { length } = payload;
  const head = length < 126 ? [first, length] : [first, 126, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), payload]);
}

const wire = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ""), "hex");

/** What a client's reader reports of `bytes`, in pieces of `pieceBytes`. */
function readAll(bytes: Uint8Array, pieceBytes: () => number, peerContextTakeover = false): string[] {
  const lines: string[] = [];
  const events: ReaderEvents = {
    readText: (text) => void lines.push(`text ${text}`),
    readBinary: (payload) => void lines.push(`binary ${Buffer.from(payload).toString("hex")}`),
    readPing: (payload) => void lines.push(`ping ${payload.length}`),
    readPong: (payload) => void lines.push(`pong ${payload.length}`),
    readClose: (code, reason) => void lines.push(`close ${code} ${reason}`),
    readFailure: (code, why) => void lines.push(`fail ${code} ${why}`),
  };
  const terms = { windowBits: 15, contextTakeover: false, peerWindowBits: 15, peerContextTakeover };
  const { inflater } = new DeflateKit(resolveDeflate({}) as Required<DeflateOptions>).connect(terms);
  const options = { role: "client", host: nodeBytes, maxMessageBytes: 1_000, maxFragments: 8 } as const;
  const reader = new MessageReader(events, options, inflater);
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + pieceBytes());
    reader.read(new Uint8Array(bytes.subarray(at, end)));
    at = end;
  }
  return lines;
}

const hello = wire("f248cdc9c90700"); // RFC 7692 §7.2.3.1
const manyBytes = Buffer.from(new SeededRandom(31).bytes(400));
const halves = deflated("é€𝄞".repeat(20));
const bad = [
  ["RSV1 on a continuation (§6.1)", Buffer.concat([frame(0x41, hello.subarray(0, 3)), frame(0xc0, hello.subarray(3))])],
  ["RSV1 on a continuation of a plain message (§6.1)", Buffer.concat([frame(0x01, Buffer.from("a")), frame(0xc0)])],
  ["RSV1 on a ping (§6.1)", frame(0xc9)],
  ["RSV1 on a pong (§6.1)", frame(0xca)],
  ["RSV1 on a close (§6.1)", frame(0xc8)],
  ["RSV1 on opcode 3", frame(0xc3)],
  ["RSV2 (RFC 6455 §5.2)", frame(0xa1)],
  ["RSV3 (RFC 6455 §5.2)", frame(0x91)],
  ["RSV1 and RSV2", frame(0xe1)],
] as const;

/** [what, bytes, what is reported]. Sections are those of RFC 7692. */
const cases: readonly (readonly [string, Buffer, string[]])[] = [
  ["a compressed text (§7.2.3.1)", frame(0xc1, hello), ["text Hello"]],
  ["a compressed binary message", frame(0xc2, hello), ["binary 48656c6c6f"]],
  ["a plain one beside it (§6)", Buffer.concat([frame(0xc1, hello), wire("8103616263")]), ["text Hello", "text abc"]],
  [
    "one in two frames (§7.2.3.1)",
    Buffer.concat([frame(0x41, hello.subarray(0, 3)), frame(0x80, hello.subarray(3))]),
    ["text Hello"],
  ],
  ["one in empty frames", Buffer.concat([frame(0x41), frame(0), frame(0, hello), frame(0x80)]), ["text Hello"]],
  [
    "a ping between its frames, and a plain message behind it",
    Buffer.concat([frame(0x41, hello.subarray(0, 1)), frame(0x89), frame(0x80, hello.subarray(1)), wire("810161")]),
    ["ping 0", "text Hello", "text a"],
  ],
  [
    "a compressed one behind a plain one in two frames",
    Buffer.concat([wire("0102c3a9 800161"), frame(0xc1, hello)]),
    ["text éa", "text Hello"],
  ],
  ["an empty message (§7.2.3.6)", frame(0xc1, wire("00")), ["text "]],
  ["an empty message of no bytes", frame(0xc2), ["binary "]],
  ["an empty message of no bytes in two frames", Buffer.concat([frame(0x41), frame(0x80)]), ["text "]],
  [
    "a character cut by frames",
    Buffer.concat([frame(0x41, halves.subarray(0, 5)), frame(0x80, halves.subarray(5))]),
    [`text ${"é€𝄞".repeat(20)}`],
  ],
  ["a block with BFINAL (§7.2.3.4)", frame(0xc1, wire("f348cdc9c9070000")), ["text Hello"]],
  ["exactly the limit", frame(0xc1, deflated("x".repeat(1_000))), [`text ${"x".repeat(1_000)}`]],
  [
    "text that is no UTF-8 once inflated (RFC 6455 §8.1)",
    frame(0xc1, deflated(wire("61ff"))),
    ["fail 1007 text is not UTF-8"],
  ],
  ["text that ends inside a character", frame(0xc1, deflated(wire("61e282"))), ["fail 1007 text is not UTF-8"]],
  ["what is no DEFLATE data", frame(0xc2, wire("ffff00")), ["fail 1007 compressed message is broken"]],
  ["what ends too early", frame(0xc2, hello.subarray(0, 4)), ["fail 1007 compressed message is broken"]],
  [
    "what refers to the message before",
    Buffer.concat([frame(0xc1, hello), frame(0xc1, wire("f200110000"))]),
    ["text Hello", "fail 1007 compressed message is broken"],
  ],
  [
    "one byte over the limit once inflated",
    frame(0xc1, deflated("x".repeat(1_001))),
    ["fail 1009 message over 1000 bytes once inflated"],
  ],
  ["compressed bytes over the limit, unread", wire("c27e03e9"), ["fail 1009 message over 1000 bytes"]],
  [
    "compressed frames over the limit, unread",
    Buffer.concat([frame(0x42, manyBytes), frame(0, manyBytes), wire("007e0190")]),
    ["fail 1009 message over 1000 bytes"],
  ],
  ...bad.map(([what, bytes]): [string, Buffer, string[]] => [what, bytes, ["fail 1002 reserved bits set"]]),
];

describe("a reader of compressed messages", () => {
  it.each(cases)("reads %s", (_what, bytes, wanted) => {
    expect(readAll(bytes, () => bytes.length)).toEqual(wanted);
  });

  it.each(cases)("reads %s, one byte at a time", (_what, bytes, wanted) => {
    expect(readAll(bytes, () => 1)).toEqual(wanted);
  });

  it("lets a message refer to the one before, with context takeover (§7.2.3.2)", () => {
    const bytes = Buffer.concat([
      frame(0xc1, hello),
      frame(0x81, Buffer.from("plain")),
      frame(0xc1, wire("f200110000")),
    ]);
    expect(readAll(bytes, () => 2, true)).toEqual(["text Hello", "text plain", "text Hello"]);
  });

  it("reports the same of any stream, however it is cut, and never throws", () => {
    const dice = new SeededRandom(32);
    const seen = { failed: 0, read: 0 };
    for (let round = 0; round < 600; round++) {
      const frames = Array.from({ length: dice.between(1, 6) }, () =>
        frame(dice.pick([0xc1, 0xc2, 0x81]), deflated("é€𝄞abc".repeat(dice.between(0, 20)))),
      );
      const bytes = Buffer.concat(frames);
      if (dice.chance(0.6)) bytes[dice.between(0, bytes.length - 1)] = dice.between(0, 255);
      const whole = readAll(bytes, () => bytes.length);
      const cut = readAll(bytes, () => dice.between(1, 20));
      // A plain text that ends inside a character is called so only when it came in pieces, or earlier.
      const codes = (lines: string[]): string[] => lines.map((line) => line.replace(/^(fail \d+).*/, "$1"));
      expect(codes(cut).slice(0, whole.length), `round ${round}`).toEqual(codes(whole));
      seen[whole.some((line) => line.startsWith("fail")) ? "failed" : "read"]++;
    }
    expect(seen.failed).toBeGreaterThan(100);
    expect(seen.read).toBeGreaterThan(100);
  });
});
