// Frames over a real socket, to our server and to our dialler: what each does with what RFC 6455 forbids, in close codes.

import { describe, expect, it } from "vitest";
import { acceptText, clientFrame, Ends, framesOf, requestText, serverFrame, wire } from "./raw-peer.ts";

const limits = { maxMessageBytes: 1_000, maxFragments: 4 };

/** What is sent by a client and by a server, what comes back, and what the owner is told. */
type Case = [what: string, frame: (pack: typeof clientFrame) => Buffer, answer: string[], told: string];

const cases: Case[] = [
  ["reserved bit 1 (§5.2)", (pack) => pack(0xc1, "a"), ["close 1002"], "1002 unclean"],
  ["reserved bit 2 (§5.2)", (pack) => pack(0xa1, "a"), ["close 1002"], "1002 unclean"],
  ["reserved bit 3 on a ping (§5.2)", (pack) => pack(0x99), ["close 1002"], "1002 unclean"],
  ["opcode 3 (§5.2)", (pack) => pack(0x83), ["close 1002"], "1002 unclean"],
  ["opcode 15 (§5.2)", (pack) => pack(0x8f), ["close 1002"], "1002 unclean"],
  ["a ping in fragments (§5.5)", (pack) => pack(0x09), ["close 1002"], "1002 unclean"],
  ["a ping of 126 bytes (§5.5)", (pack) => pack(0x89, "p".repeat(126)), ["close 1002"], "1002 unclean"],
  ["a continuation of nothing (§5.4)", (pack) => pack(0x80, "a"), ["close 1002"], "1002 unclean"],
  [
    "a message inside another (§5.4)",
    (pack) => Buffer.concat([pack(0x01, "a"), pack(0x81, "b")]),
    ["close 1002"],
    "1002 unclean",
  ],
  ["a text that is not UTF-8 (§8.1)", (pack) => pack(0x81, wire("c328")), ["close 1007"], "1007 unclean"],
  ["a surrogate (RFC 3629 §3)", (pack) => pack(0x81, wire("eda080")), ["close 1007"], "1007 unclean"],
  ["a text that ends in a character", (pack) => pack(0x81, wire("e282")), ["close 1007"], "1007 unclean"],
  [
    "bad UTF-8 in a first fragment, with no second (§8.1)",
    (pack) => pack(0x01, wire("61f490")),
    ["close 1007"],
    "1007 unclean",
  ],
  ["a message over the limit (§10.4)", (pack) => pack(0x82, Buffer.alloc(1_001)), ["close 1009"], "1009 unclean"],
  [
    "fragments over the limit (§10.4)",
    (pack) => Buffer.concat([pack(0x02, Buffer.alloc(600)), pack(0x80, Buffer.alloc(401))]),
    ["close 1009"],
    "1009 unclean",
  ],
  [
    "more fragments than allowed (§10.4)",
    (pack) => Buffer.concat([pack(0x01), pack(0x00), pack(0x00), pack(0x00), pack(0x00)]),
    ["close 1009"],
    "1009 unclean",
  ],
  ["half a close code (§5.5.1)", (pack) => pack(0x88, wire("03")), ["close 1002"], "1002 unclean"],
  ["close code 1005 (§7.4.1)", (pack) => pack(0x88, wire("03ed")), ["close 1002"], "1002 unclean"],
  ["close code 1006 (§7.4.1)", (pack) => pack(0x88, wire("03ee")), ["close 1002"], "1002 unclean"],
  ["close code 1015 (§7.4.1)", (pack) => pack(0x88, wire("03f7")), ["close 1002"], "1002 unclean"],
  ["close code 999 (§7.4.2)", (pack) => pack(0x88, wire("03e7")), ["close 1002"], "1002 unclean"],
  ["close code 5000 (§7.4.2)", (pack) => pack(0x88, wire("1388")), ["close 1002"], "1002 unclean"],
  ["a reason that is not UTF-8", (pack) => pack(0x88, wire("03e8ff")), ["close 1007"], "1007 unclean"],
  ["a close of 126 bytes (§5.5)", (pack) => pack(0x88, Buffer.alloc(126, 3)), ["close 1002"], "1002 unclean"],
  // And what is allowed, so that a reader which refuses everything does not pass.
  ["a close without a code (§5.5.1)", (pack) => pack(0x88), ["close"], "1005 clean"],
  ["a close with 3000", (pack) => pack(0x88, wire("0bb8")), ["close 3000"], "3000 clean"],
  [
    "a ping inside a message (§5.4)",
    (pack) => Buffer.concat([pack(0x01, "a"), pack(0x89, "p"), pack(0x80, "b"), pack(0x88, wire("03e8"))]),
    ["pong p", "text ab", "close 1000"],
    "1000 clean",
  ],
  [
    "nothing behind a close (§5.5.1)",
    (pack) => Buffer.concat([pack(0x88, wire("03e8")), pack(0x81, "late"), pack(0x89, "late")]),
    ["close 1000"],
    "1000 clean",
  ],
  [
    "nothing behind a failure (§7.1.7)",
    (pack) => Buffer.concat([pack(0x81, "a"), pack(0x83), pack(0x81, "late"), pack(0x88, wire("03e8"))]),
    ["text a", "close 1002"],
    "1002 unclean",
  ],
];

/** Headers, as they must be on the wire; the role decides about the mask bit. */
const headers: [what: string, role: "server" | "client", bytes: string, code: number][] = [
  ["an unmasked frame (§5.1)", "server", "8101 61", 1002],
  ["an unmasked close (§5.1)", "server", "8802 03e8", 1002],
  ["an unmasked frame after masked ones (§5.1)", "server", "0181 00000000 61 8001 62", 1002],
  ["a masked frame (§5.1)", "client", "8181 00000000 61", 1002],
  ["a masked close (§5.1)", "client", "8882 00000000 03e8", 1002],
  ["125 in two length bytes (§5.2)", "server", "82fe 007d 00000000", 1002],
  ["125 in two length bytes (§5.2)", "client", "827e 007d", 1002],
  ["65535 in eight (§5.2)", "server", "82ff 000000000000ffff 00000000", 1002],
  ["65535 in eight (§5.2)", "client", "827f 000000000000ffff", 1002],
  ["0 in eight (§5.2)", "client", "827f 0000000000000000", 1002],
  ["the length's highest bit (§5.2)", "server", "82ff 8000000000000000 00000000", 1002],
  ["the length's highest bit (§5.2)", "client", "827f ffffffffffffffff", 1002],
  ["a length of 2^60 (§10.4)", "server", "82ff 1000000000000000 00000000", 1009],
  ["a length of 2^63 - 1 (§10.4)", "client", "827f 7fffffffffffffff", 1009],
  ["one byte over the limit, unread (§10.4)", "server", "82fe 03e9 00000000", 1009],
];

const pieces = [Infinity, 1];

/** What our server sends behind its handshake for `bytes`, and what its owner is told. */
async function serverAnswers(
  ends: Ends,
  bytes: Buffer,
  pieceBytes: number,
): Promise<{ frames: string[]; told: string }> {
  const { port, ended } = await ends.ourServer(limits);
  const all = await ends.talk(port, Buffer.concat([Buffer.from(requestText()), bytes]), pieceBytes);
  return { frames: framesOf(all.subarray(all.indexOf("\r\n\r\n") + 4)), told: ended.join() };
}

describe("our server over a socket", () => {
  it.each(cases)("knows what to do with %s", async (_what, frame, answer, told) => {
    for (const pieceBytes of pieces) {
      await using ends = new Ends();
      expect(await serverAnswers(ends, frame(clientFrame), pieceBytes)).toEqual({ frames: answer, told });
    }
  });
});

describe("our dialler over a socket", () => {
  it.each(cases)("knows what to do with %s", async (_what, frame, answer, told) => {
    for (const pieceBytes of pieces) {
      await using ends = new Ends();
      const { sent, ended } = await ends.dialRaw((key) => acceptText(key), frame(serverFrame), limits, pieceBytes);
      expect({ frames: framesOf(sent), told: ended }).toEqual({ frames: answer, told });
      expect(sent.readUInt8(1) & 0x80, "§5.3: our frames are masked").toBe(0x80);
    }
  });
});

describe("a header over a socket", () => {
  it.each(headers)("with %s is refused by a %s", async (_what, role, hex, code) => {
    for (const pieceBytes of pieces) {
      await using ends = new Ends();
      if (role === "server") {
        expect(await serverAnswers(ends, wire(hex), pieceBytes)).toMatchObject({ frames: [`close ${code}`] });
      } else {
        const { sent, ended } = await ends.dialRaw((key) => acceptText(key), wire(hex), limits, pieceBytes);
        expect([framesOf(sent), ended]).toEqual([[`close ${code}`], `${code} unclean`]);
      }
    }
  });
});
