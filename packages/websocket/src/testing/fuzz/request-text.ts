// Opening handshakes as nobody should send them. Knows how a request looks on the wire, not how it is judged.

import type { SeededRandom } from "@heddle/base/fakes";
import { damage } from "./frame-stream.ts";

/** Values for each header: the good ones first, then what is odd but allowed, then what is not. */
const values: Readonly<Record<string, readonly string[]>> = {
  Host: ["example.org", "example.org:8080", "[::1]:80", ""],
  Upgrade: ["websocket", "WebSocket", "WEBSOCKET", "h2c, websocket", "websocket, h2c", "websocket/13", "h2c", ""],
  Connection: ["Upgrade", "upgrade", "keep-alive, Upgrade", "Upgrade,", "close", "upgraded", ""],
  "Sec-WebSocket-Key": [
    "dGhlIHNhbXBsZSBub25jZQ==",
    "AAAAAAAAAAAAAAAAAAAAAA==",
    "dGhlIHNhbXBsZSBub25jZQ",
    "dGhlIHNhbXBsZSBub25jZQ= =",
    "dGhlIHNhbXBsZSBub25jZSE=",
    "dGhlIHNhbXBsZSBub25jZ-==",
    "",
  ],
  "Sec-WebSocket-Version": ["13", "8", "7", "013", "13.0", "0xd", "1.3e1", "13, 8", "+13", "-13", "", "websocket"],
  "Sec-WebSocket-Protocol": ["chat", "chat, superchat", "a,b", "a,,b", ",a", "a a", "a, a", 'a, "b"', "a;b", "", ","],
  "Sec-WebSocket-Extensions": [
    "permessage-deflate",
    "permessage-deflate; client_max_window_bits",
    'permessage-deflate; server_max_window_bits="10"',
    "permessage-deflate; client_max_window_bits=10, permessage-deflate",
    "x-unknown; a=1; a=2",
    "permessage-deflate; server_max_window_bits=7",
    "permessage-deflate; server_max_window_bits",
    "permessage-deflate; nobody_knows",
    "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
    "a;;b",
    "a,,b",
    'a; b="',
    'a; b="c d"',
    "a; =b",
    "",
  ],
  "Content-Length": ["0", "1", "5", "-1"],
  "Transfer-Encoding": ["chunked", "identity"],
  Origin: ["http://example.org", "null", ""],
};

/** Headers a request is refused without; the rest come now and then. */
const required = ["Host", "Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version"];
/** A handshake has none of these. */
const bodyHeaders = ["Content-Length", "Transfer-Encoding"];

const firstLines = [
  "GET / HTTP/1.1",
  "GET /a?b=c HTTP/1.1",
  "GET http://example.org/ HTTP/1.1",
  "GET /a#b HTTP/1.1",
  "GET * HTTP/1.1",
  "GET ftp://example.org/ HTTP/1.1",
  "POST / HTTP/1.1",
  "HEAD / HTTP/1.1",
  "OPTIONS * HTTP/1.1",
  "CONNECT example.org:80 HTTP/1.1",
  "GET / HTTP/1.0",
  "GET / HTTP/2.0",
];

/** A request in lines, the last one empty: mostly right, with one thing or more about it that may not be. */
export function requestLines(random: SeededRandom): Uint8Array[] {
  const lines = [random.chance(0.93) ? "GET / HTTP/1.1" : random.pick(firstLines)];
  // The fewer are wrong, the further the rest gets.
  const oddness = random.pick([0, 0.05, 0.1, 0.4]);
  for (const name of Object.keys(values)) {
    const isNeeded = required.includes(name);
    const share = isNeeded ? 1 - oddness / 4 : bodyHeaders.includes(name) ? oddness / 10 : 0.4;
    if (!random.chance(share)) continue;
    lines.push(headerLine(name, oddness, random));
    if (random.chance(oddness / 5)) lines.push(headerLine(name, oddness, random));
  }
  const parts: Uint8Array[] = shuffled(lines, random).map((line) => Buffer.from(`${line}\r\n`, "latin1"));
  parts.push(Buffer.from("\r\n"));
  if (random.chance(0.2)) parts.push(random.bytes(random.between(1, 20))); // the first frames
  if (random.chance(oddness / 2)) damage(parts, random);
  return parts;
}

function headerLine(name: string, oddness: number, random: SeededRandom): string {
  const all = values[name] as readonly string[];
  const value = random.chance(oddness)
    ? random.pick(all)
    : random.chance(0.9)
      ? (all[0] as string)
      : (all[1] as string);
  const written = random.chance(0.2) ? random.pick([name.toLowerCase(), name.toUpperCase()]) : name;
  return `${written}:${random.pick([" ", " ", " ", "", "\t", "  "])}${twisted(value, oddness, random)}`;
}

/** Now and then one character that does not belong there. */
function twisted(value: string, oddness: number, random: SeededRandom): string {
  if (!random.chance(oddness / 4)) return value;
  const at = random.between(0, value.length);
  return (
    value.slice(0, at) +
    random.pick([" ", ",", ";", "=", '"', "\\", "\t", "é", "\u0001", "\u007f", "x"]) +
    value.slice(at)
  );
}

/** The request line stays in front. */
function shuffled([first = "", ...rest]: readonly string[], random: SeededRandom): string[] {
  const from = [...rest];
  const into = [first];
  while (from.length > 0) into.push(...from.splice(random.between(0, from.length - 1), 1));
  return into;
}
