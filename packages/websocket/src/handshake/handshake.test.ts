import { describe, expect, it } from "vitest";
import { acceptKeyFor } from "./accept-key.ts";
import { readAcceptance, requestHeaders } from "./client-handshake.ts";
import { listElements, listHas, parseExtensions, uniqueTokens } from "./header-lists.ts";
import { acceptanceText, pathOf, readOffer, type HandshakeRequest } from "./server-handshake.ts";

const key = "dGhlIHNhbXBsZSBub25jZQ=="; // the one of RFC 6455 §1.3

/** A request of these header lines, joined as Node joins them. */
function requestOf(lines: readonly [string, string][], over: Partial<HandshakeRequest> = {}): HandshakeRequest {
  const headers: Record<string, string> = {};
  for (const [name, value] of lines) {
    const lower = name.toLowerCase();
    headers[lower] = headers[lower] === undefined ? value : `${headers[lower]}, ${value}`;
  }
  return { method: "GET", httpVersion: "1.1", headers, rawHeaders: lines.flat(), ...over };
}

const good: [string, string][] = [
  ["Host", "example.com"],
  ["Upgrade", "websocket"],
  ["Connection", "Upgrade"],
  ["Sec-WebSocket-Key", key],
  ["Sec-WebSocket-Version", "13"],
];
const changed = (name: string, value: string | undefined): [string, string][] =>
  good.flatMap(([have, old]): [string, string][] =>
    have !== name ? [[have, old]] : value === undefined ? [] : [[have, value]],
  );

describe("readOffer", () => {
  it("takes the request of RFC 6455 §1.2", () => {
    const lines: [string, string][] = [
      ...good,
      ["Origin", "http://e.com"],
      ["Sec-WebSocket-Protocol", "chat, superchat"],
    ];
    expect(readOffer(requestOf(lines))).toEqual({ key, protocols: ["chat", "superchat"], extensions: [] });
  });

  it("takes tokens in any case, in lists, over several lines, with empty elements", () => {
    const lines: [string, string][] = [
      ...changed("Upgrade", "h2c, WebSocket").filter(([name]) => name !== "Connection"),
      ["connection", "keep-alive"],
      ["CONNECTION", " , upGrade"],
      ["Sec-WebSocket-Protocol", "a,"],
      ["sec-websocket-protocol", "b , c"],
      ["Sec-WebSocket-Extensions", 'permessage-deflate; client_max_window_bits, x; y="z"'],
    ];
    expect(readOffer(requestOf(lines))).toMatchObject({
      key,
      protocols: ["a", "b", "c"],
      extensions: [{ name: "permessage-deflate" }, { name: "x" }],
    });
  });

  it.each<[string, [string, string][], number]>([
    ["no Host", changed("Host", undefined), 400],
    ["no Upgrade", changed("Upgrade", undefined), 426],
    ["another Upgrade", changed("Upgrade", "websockets"), 426],
    ["no Connection", changed("Connection", undefined), 400],
    ["another Connection", changed("Connection", "keep-alive"), 400],
    ["no key", changed("Sec-WebSocket-Key", undefined), 400],
    ["a key of 15 bytes", changed("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j"), 400],
    ["a key that is not base64", changed("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j!Q=="), 400],
    ["two keys", [...good, ["sec-websocket-key", key]], 400],
    ["two hosts", [...good, ["host", "example.com"]], 400],
    ["no version", changed("Sec-WebSocket-Version", undefined), 426],
    ["version 8", changed("Sec-WebSocket-Version", "8"), 426],
    ["an empty version", changed("Sec-WebSocket-Version", ""), 426],
    ["a body", [...good, ["Content-Length", "1"]], 413],
    ["a body of unknown length", [...good, ["Transfer-Encoding", "chunked"]], 413],
    ["two versions", [...good, ["Sec-WebSocket-Version", "13"]], 400],
    ["a protocol twice", [...good, ["Sec-WebSocket-Protocol", "a, a"]], 400],
    ["a protocol that is no token", [...good, ["Sec-WebSocket-Protocol", "a b"]], 400],
    ["an empty protocol list", [...good, ["Sec-WebSocket-Protocol", " , "]], 400],
    ["malformed extensions", [...good, ["Sec-WebSocket-Extensions", "a; =b"]], 400],
  ])("refuses %s", (_what, lines, status) => {
    expect(readOffer(requestOf(lines))).toMatchObject({ status });
  });

  it("refuses other methods and older HTTP, and names the version it speaks", () => {
    expect(readOffer(requestOf(good, { method: "POST" }))).toMatchObject({ status: 405, headers: { Allow: "GET" } });
    expect(readOffer(requestOf(good, { httpVersion: "1.0" }))).toMatchObject({ status: 400 });
    const answer = readOffer(requestOf(changed("Sec-WebSocket-Version", "12")));
    expect(answer).toMatchObject({
      ...{ status: 426, headers: { Upgrade: "websocket", "Sec-WebSocket-Version": "13" } },
    });
  });

  it("takes a later HTTP/1, and an announced body of no bytes", () => {
    const lines: [string, string][] = [...good, ["Content-Length", "0"]];
    expect(readOffer(requestOf(lines, { httpVersion: "1.2" }))).toMatchObject({ key });
  });

  it.each([
    ["/", "/"],
    ["/a/b%20c?d=/e", "/a/b%20c"],
    ["//h/a", "//h/a"],
    ["http://h:1/a?b", "/a"],
    ["HTTPS://h", "/"],
    ["https://h?b", "/"],
    ["", undefined],
    ["*", undefined],
    ["h:80", undefined],
    ["a", undefined],
    ["ftp://h/a", undefined],
    ["/a#b", undefined],
    ["/a?b#c", undefined],
  ])("reads the target %j as the path %j, and refuses what has none (§3, §4.2.1)", (url, path) => {
    expect(pathOf(url)).toBe(path);
    expect(readOffer(requestOf(good, { url }))).toMatchObject(path === undefined ? { status: 400 } : { key });
  });
});

describe("the acceptance", () => {
  it("proves that the key was read (§1.3)", () => {
    expect(acceptKeyFor(key)).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    expect(acceptanceText(key, "chat")).toBe(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
    );
    expect(acceptanceText(key, "")).not.toContain("Sec-WebSocket-Protocol"); // §4.2.2
  });
});

describe("readAcceptance", () => {
  const answer: [string, string][] = [
    ["Upgrade", "WebSocket"],
    ["Connection", "keep-alive, upgrade"],
    ["Sec-WebSocket-Accept", ` ${acceptKeyFor(key)} `],
  ];
  const read = (lines: [string, string][]) => readAcceptance(requestOf(lines), key, ["a", "b"]);
  const without = (name: string): [string, string][] => answer.filter(([have]) => have !== name);

  it("takes a good answer, with a protocol we offered or none", () => {
    expect(read(answer)).toEqual({ protocol: "" });
    expect(read([...answer, ["Sec-WebSocket-Protocol", "b"]])).toEqual({ protocol: "b" });
  });

  it("fails when the answer's HTTP is older than 1.1 (§4.2.2)", () => {
    expect(readAcceptance(requestOf(answer, { httpVersion: "1.0" }), key, [])).toEqual({
      flaw: "HTTP version below 1.1",
    });
  });

  it.each<[string, [string, string][], string]>([
    ["Upgrade is missing", without("Upgrade"), "Upgrade"],
    ["Upgrade is something else", [["Upgrade", "h2c"], ...without("Upgrade")], "Upgrade"],
    ["Connection is missing", without("Connection"), "Connection"],
    ["the proof is missing", without("Sec-WebSocket-Accept"), "Accept"],
    [
      "the proof is another's",
      [...without("Sec-WebSocket-Accept"), ["Sec-WebSocket-Accept", acceptKeyFor("x")]],
      "Accept",
    ],
    ["the proof comes twice", [...answer, ["sec-websocket-accept", acceptKeyFor(key)]], "twice"],
    ["an extension was not offered", [...answer, ["Sec-WebSocket-Extensions", "permessage-deflate"]], "extension"],
    [
      "the protocol comes twice",
      [...answer, ["Sec-WebSocket-Protocol", "a"], ["sec-websocket-protocol", "a"]],
      "twice",
    ],
    [
      "the extensions come twice",
      [...answer, ["Sec-WebSocket-Extensions", "a"], ["sec-websocket-extensions", "a"]],
      "twice",
    ],
    ["the protocol is a list", [...answer, ["Sec-WebSocket-Protocol", "a, b"]], "a, b was not offered"],
    ["the protocol is empty", [...answer, ["Sec-WebSocket-Protocol", ""]], "was not offered"],
    ["the protocol was not offered", [...answer, ["Sec-WebSocket-Protocol", "c"]], "c was not offered"],
    ["the protocol is in another case", [...answer, ["Sec-WebSocket-Protocol", "A"]], "A was not offered"],
  ])("fails when %s (§4.1)", (_what, lines, flaw) => {
    expect(JSON.stringify(read(lines))).toMatch(new RegExp(`^\\{"flaw":"[^"]*${flaw}`));
  });

  it("answers the headers our own client sends", () => {
    const request = requestOf([["Host", "h"], ...Object.entries(requestHeaders(key, ["a", "b"]))]);
    expect(readOffer(request)).toEqual({ key, protocols: ["a", "b"], extensions: [] });
  });
});

describe("header lists", () => {
  it("are split, trimmed and compared as RFC 9110 §5.6.1 says", () => {
    expect(listElements(" a,\tb ,, c")).toEqual(["a", "b", "c"]);
    expect(listHas("x, WebSocket", "websocket")).toBe(true);
    expect(listHas("x websocket", "websocket")).toBe(false);
    expect(listHas(undefined, "websocket")).toBe(false);
    expect(uniqueTokens("a, A")).toEqual(["a", "A"]);
    expect(uniqueTokens("a/b")).toBeUndefined();
  });

  it("of extensions keep names, parameters and unquoted values (§9.1)", () => {
    expect(parseExtensions('foo, bar; baz=2, x; a; b="\\t\\o\\k"; a')).toEqual([
      { name: "foo", parameters: [] },
      { name: "bar", parameters: [["baz", "2"]] },
      {
        name: "x",
        parameters: [
          ["a", true],
          ["b", "tok"],
          ["a", true],
        ],
      },
    ]);
  });

  it.each([
    "",
    ",",
    "foo bar",
    "foo;",
    "foo; ;a",
    "foo; a=",
    'foo; a="b c"',
    'foo; a="b',
    "foo; =b",
    'f"oo',
    'foo; a=""',
  ])("of extensions are refused when they read %j", (value) => {
    expect(parseExtensions(value)).toBeUndefined();
  });
});
