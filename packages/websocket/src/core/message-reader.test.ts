import { describe, expect, it } from "vitest";
import { SeededRandom } from "@heddle/base/fakes";
import { nodeBytes } from "../node/node-bytes.ts";
import { MessageReader, type ReaderEvents } from "./message-reader.ts";
import type { Role } from "./opcode.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Writes down what a reader reports, one line each. */
class Journal implements ReaderEvents {
  readonly lines: string[] = [];
  readText(text: string): void {
    this.lines.push(`text ${text}`);
  }
  readBinary(bytes: Uint8Array): void {
    this.lines.push(`binary ${hex(bytes)}`);
  }
  readPing(payload: Uint8Array): void {
    this.lines.push(`ping ${hex(payload)}`);
  }
  readPong(payload: Uint8Array): void {
    this.lines.push(`pong ${hex(payload)}`);
  }
  readClose(code: number | undefined, reason: string): void {
    this.lines.push(`close ${code} ${reason}`);
  }
  readFailure(code: number, why: string): void {
    this.lines.push(`fail ${code} ${why}`);
  }
}

interface Limits {
  readonly maxMessageBytes?: number;
  readonly maxFragments?: number;
}

/** What a reader reports of `bytes`, cut into pieces of the sizes `pieceBytes` gives. */
function readAll(role: Role, bytes: Uint8Array, pieceBytes: () => number, limits: Limits = {}): string[] {
  const journal = new Journal();
  const reader = new MessageReader(journal, {
    ...{ role, host: nodeBytes, maxMessageBytes: 1_000, maxFragments: 8, ...limits },
  });
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + pieceBytes());
    reader.read(new Uint8Array(bytes.subarray(at, end)));
    at = end;
  }
  return journal.lines;
}

/** A masked frame as a client sends it; `first` is the byte with FIN, reserved bits and opcode. */
function clientFrame(first: number, payload: string | Uint8Array, key = [0x37, 0xfa, 0x21, 0x3d]): Buffer {
  const body = Buffer.from(payload as string);
  const head = body.length < 126 ? [0x80 | body.length] : [0x80 | 126, body.length >> 8, body.length & 255];
  const masked = body.map((byte, index) => byte ^ (key[index % 4] as number));
  return Buffer.concat([Buffer.from([first, ...head, ...key]), masked]);
}

const wire = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ""), "hex");
const long = "x".repeat(300);

/** [what, our role, bytes, what is reported]. Sections are those of RFC 6455. */
const cases: [string, Role, Buffer, string[]][] = [
  ["a masked text (§5.7)", "server", wire("8185 37fa213d 7f9f4d5158"), ["text Hello"]],
  ["an unmasked text (§5.7)", "client", wire("8105 48656c6c6f"), ["text Hello"]],
  ["a text in two frames (§5.7)", "client", wire("0103 48656c 8002 6c6f"), ["text Hello"]],
  ["a binary message", "client", wire("8203 000180"), ["binary 000180"]],
  ["an empty text", "server", clientFrame(0x81, ""), ["text "]],
  ["an empty binary message", "client", wire("8200"), ["binary "]],
  ["a 300-byte text", "server", clientFrame(0x81, long), [`text ${long}`]],
  ["two messages in one piece", "client", wire("810161 810162"), ["text a", "text b"]],
  ["empty fragments", "client", wire("0100 0000 8000"), ["text "]],
  ["a ping inside a message (§5.4)", "client", wire("010161 890170 800162"), ["ping 70", "text ab"]],
  ["a ping of 125 bytes", "server", clientFrame(0x89, "p".repeat(125)), [`ping ${"70".repeat(125)}`]],
  ["a pong", "server", clientFrame(0x8a, "p"), ["pong 70"]],
  ["a message after a fragmented one", "client", wire("010161 800162 810163"), ["text ab", "text c"]],
  ["a character cut by fragments (§5.6)", "client", wire("0102 f09d 8002 849e"), ["text 𝄞"]],
  ["U+FFFD and a byte order mark as they are", "client", wire("8106 efbfbd efbbbf"), ["text \ufffd\ufeff"]],
  ["a close without a body (§7.1.5)", "client", wire("8800 810161"), ["close undefined "]],
  [
    "a close with code and reason, and nothing behind it",
    "client",
    wire("8805 03e8 627965 810161"),
    ["close 1000 bye"],
  ],
  ["a close with 4999", "client", wire("8802 1387"), ["close 4999 "]],
  ["an unmasked client frame (§5.1)", "server", wire("810161"), ["fail 1002 frame not masked"]],
  ["a masked server frame (§5.1)", "client", wire("8181 00000000 61"), ["fail 1002 frame masked"]],
  ["RSV1 (§5.2)", "client", wire("c10161"), ["fail 1002 reserved bits set"]],
  ["RSV2 (§5.2)", "client", wire("a10161"), ["fail 1002 reserved bits set"]],
  ["RSV3 on a ping (§5.2)", "client", wire("9900"), ["fail 1002 reserved bits set"]],
  ["opcode 3 (§5.2)", "client", wire("8300"), ["fail 1002 unknown opcode 3"]],
  ["opcode 11 (§5.2)", "client", wire("8b00"), ["fail 1002 unknown opcode 11"]],
  ["a fragmented ping (§5.5)", "client", wire("0900"), ["fail 1002 control frame fragmented"]],
  ["a ping of 126 bytes (§5.5)", "client", wire("897e007e"), ["fail 1002 control frame over 125 bytes"]],
  ["a continuation of nothing (§5.4)", "client", wire("800161"), ["fail 1002 continuation of nothing"]],
  ["a text inside a text (§5.4)", "client", wire("010161 810162"), ["fail 1002 new message inside another"]],
  ["125 in two length bytes (§5.2)", "client", wire("827e007d"), ["fail 1002 length not in its shortest form"]],
  ["65535 in eight (§5.2)", "client", wire("827f 000000000000ffff"), ["fail 1002 length not in its shortest form"]],
  ["a length with the highest bit (§5.2)", "client", wire("827f 8000000000000000"), ["fail 1002 length above 2^63"]],
  ["the largest length", "client", wire("827f 7fffffffffffffff"), ["fail 1009 message over 1000 bytes"]],
  ["a message over the limit, unread (§10.4)", "client", wire("827e03e9"), ["fail 1009 message over 1000 bytes"]],
  ["a length of 2^60", "client", wire("827f 1000000000000000"), ["fail 1009 message over 1000 bytes"]],
  ["fragments over the limit", "client", wire("020161 807e03e8"), ["fail 1009 message over 1000 bytes"]],
  ["too many fragments (§10.4)", "client", wire("0100" + "0000".repeat(8)), ["fail 1009 message in over 8 frames"]],
  ["a text that is not UTF-8 (§8.1)", "client", wire("8101 ff 810161"), ["fail 1007 text is not UTF-8"]],
  ["a surrogate (RFC 3629 §3)", "client", wire("8103 eda080"), ["fail 1007 text is not UTF-8"]],
  ["bad UTF-8 before the message's end", "client", wire("8105 61 f4 90"), ["fail 1007 text is not UTF-8"]],
  ["bad UTF-8 in a first fragment", "client", wire("0101 c0"), ["fail 1007 text is not UTF-8"]],
  ["half a close code (§5.5.1)", "client", wire("8801 03"), ["fail 1002 close frame with half a code"]],
  ["close code 1005 (§7.4.1)", "client", wire("8802 03ed"), ["fail 1002 close code 1005 in a frame"]],
  ["close code 999 (§7.4.2)", "client", wire("8802 03e7"), ["fail 1002 close code 999 in a frame"]],
  ["close code 5000", "client", wire("8802 1388"), ["fail 1002 close code 5000 in a frame"]],
  ["a close reason that is not UTF-8", "client", wire("8803 03e8 ff"), ["fail 1007 close reason is not UTF-8"]],
];

describe("MessageReader", () => {
  it.each(cases)("reads %s", (_what, role, bytes, wanted) => {
    expect(readAll(role, bytes, () => bytes.length)).toEqual(wanted);
  });

  it.each(cases)("reads %s, one byte at a time", (_what, role, bytes, wanted) => {
    expect(readAll(role, bytes, () => 1)).toEqual(wanted);
  });

  it("says that a text ends inside a character", () => {
    // In one piece the decoder finds it, in parts the checker at the end.
    const bytes = wire("8102 e282");
    expect(readAll("client", bytes, () => 4)).toEqual(["fail 1007 text is not UTF-8"]);
    expect(readAll("client", bytes, () => 1)).toEqual(["fail 1007 text ends inside a character"]);
  });

  it("takes a message of exactly the limit, whole and in fragments", () => {
    const limits = { maxMessageBytes: 6, maxFragments: 3 };
    const bytes = wire("8106 616263646566 0102 6162 0002 6364 8002 6566");
    expect(readAll("client", bytes, () => 100, limits)).toEqual(["text abcdef", "text abcdef"]);
  });

  it("reads nothing after `stop`, not even the rest of the piece in hand", () => {
    const lines: string[] = [];
    const journal = new Journal();
    const reader: MessageReader = new MessageReader(
      Object.assign(journal, {
        readText(text: string) {
          lines.push(text);
          reader.stop();
        },
      }),
      { role: "client", host: nodeBytes, maxMessageBytes: 10, maxFragments: 1 },
    );
    reader.read(wire("810161 810162"));
    reader.read(wire("810163"));
    expect(lines).toEqual(["a"]);
  });

  it("gathers a long message in linear time and memory, whatever was announced", () => {
    let allocatedBytes = 0;
    const host = {
      ...nodeBytes,
      allocate(size: number) {
        allocatedBytes += size;
        return nodeBytes.allocate(size);
      },
    };
    const journal = new Journal();
    const reader = new MessageReader(journal, { role: "client", host, maxMessageBytes: 2 ** 28, maxFragments: 1 });
    reader.read(wire("827f 0000000010000000")); // announces 2^28 bytes
    for (let count = 0; count < 1_000; count++) reader.read(new Uint8Array(100));
    expect(allocatedBytes).toBeLessThan(4 * 100_000);
    expect(journal.lines).toEqual([]);
  });
});

/** A stream of good frames, now and then damaged. */
function randomStream(random: SeededRandom): Buffer {
  const frames: Buffer[] = [];
  let isOpen = false;
  for (let count = random.between(1, 15); count > 0; count--) {
    const payload = random.chance(0.3) ? "é€𝄞".repeat(random.between(0, 60)) : "z".repeat(random.between(0, 200));
    if (random.chance(0.3)) frames.push(clientFrame(random.pick([0x89, 0x8a]), payload.slice(0, 20)));
    const isFinal = random.chance(0.5);
    const opcode = isOpen ? 0 : random.pick([1, 2]);
    isOpen = !isFinal;
    frames.push(clientFrame((isFinal ? 0x80 : 0) | opcode, payload, [...random.bytes(4)]));
  }
  const stream = Buffer.concat(frames);
  if (random.chance(0.4)) stream[random.between(0, stream.length - 1)] = random.between(0, 255);
  return stream;
}

describe("MessageReader under noise", () => {
  it("reports the same of any stream, however it is cut", () => {
    const random = new SeededRandom(5);
    const outcomes = { failed: 0, read: 0 };
    for (let round = 0; round < 1_500; round++) {
      const bytes = random.chance(0.2) ? Buffer.from(random.bytes(random.between(1, 80))) : randomStream(random);
      const limits = { maxMessageBytes: 2_000, maxFragments: 6 };
      const whole = readAll("server", bytes, () => bytes.length, limits);
      const cut = readAll("server", bytes, () => random.between(1, 40), limits);
      // The words differ where a text ends inside a character; codes never do. A cut text may fail before its end.
      const codes = (lines: string[]): string[] => lines.map((line) => line.replace(/^(fail \d+).*/, "$1"));
      expect(codes(cut).slice(0, whole.length)).toEqual(codes(whole));
      if (whole.some((line) => line.startsWith("fail"))) outcomes.failed++;
      else if (whole.length > 0) outcomes.read++;
    }
    expect(outcomes.failed).toBeGreaterThan(200);
    expect(outcomes.read).toBeGreaterThan(300);
  });
});
