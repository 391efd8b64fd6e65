// Opening handshakes over a real socket, and the exact status line that answers each.

import { describe, expect, it } from "vitest";
import { goodKey, Ends, requestText } from "./raw-peer.ts";

type Case = [what: string, request: string, status: string, line?: string];

const refused: Case[] = [
  ["POST (§4.1)", requestText({}, "POST /x HTTP/1.1"), "405 Method Not Allowed", "Allow: GET"],
  ["HTTP/1.0 (§4.1)", requestText({}, "GET /x HTTP/1.0"), "400 Bad Request"],
  ["no Host (§4.2.1)", requestText({ Host: [] }), "400 Bad Request"],
  [
    "Upgrade to something else (§4.2.1)",
    requestText({ Upgrade: ["h2c"] }),
    "426 Upgrade Required",
    "Upgrade: websocket",
  ],
  ["no version (§4.2.1)", requestText({ "Sec-WebSocket-Version": [] }), "426 Upgrade Required"],
  [
    "version 8 (§4.4)",
    requestText({ "Sec-WebSocket-Version": ["8"] }),
    "426 Upgrade Required",
    "Sec-WebSocket-Version: 13",
  ],
  ["version 013", requestText({ "Sec-WebSocket-Version": ["013"] }), "426 Upgrade Required"],
  ["a body (§4.1)", requestText({ "Content-Length": ["5"] }), "413 "],
  ["a body in chunks (§4.1)", requestText({ "Transfer-Encoding": ["chunked"] }), "413 "],
  ["two versions (§11.3.5)", requestText({ "Sec-WebSocket-Version": ["13", "13"] }), "400 Bad Request"],
  ["no key (§4.2.1)", requestText({ "Sec-WebSocket-Key": [] }), "400 Bad Request"],
  ["a key of 15 bytes (§4.1)", requestText({ "Sec-WebSocket-Key": ["dGhlIHNhbXBsZSBub25j"] }), "400 Bad Request"],
  ["a key of 17 bytes (§4.1)", requestText({ "Sec-WebSocket-Key": ["dGhlIHNhbXBsZSBub25jZSEh"] }), "400 Bad Request"],
  ["a key that is no base64", requestText({ "Sec-WebSocket-Key": ["dGhlIHNhbXBsZSBub25j_Q=="] }), "400 Bad Request"],
  ["two keys (§11.3.1)", requestText({ "Sec-WebSocket-Key": [goodKey, goodKey] }), "400 Bad Request"],
  ["a subprotocol that is no token", requestText({ "Sec-WebSocket-Protocol": ["a b"] }), "400 Bad Request"],
  ["a subprotocol twice (§4.1)", requestText({ "Sec-WebSocket-Protocol": ["a, b", "a"] }), "400 Bad Request"],
  ["an empty list of subprotocols", requestText({ "Sec-WebSocket-Protocol": [","] }), "400 Bad Request"],
  ["extensions with an open quote (§9.1)", requestText({ "Sec-WebSocket-Extensions": ['a; b="c'] }), "400 Bad Request"],
  ["an extension parameter that is no token", requestText({ "Sec-WebSocket-Extensions": ['a; b="c d"'] }), "400 Bad"],
  ["an extension without a name", requestText({ "Sec-WebSocket-Extensions": ["; a"] }), "400 Bad Request"],
  ["another path (§4.2.2)", requestText({}, "GET /y HTTP/1.1"), "404 Not Found"],
  ["a header line that is none", requestText().replace("Host", "Ho st"), "400 Bad Request"],
  ["headers beyond Node's limit", requestText({ Cookie: ["c".repeat(20_000)] }), "431 Request Header Fields Too Large"],
];

const accepted: [what: string, request: string][] = [
  ["names and tokens in any case", requestText({ Upgrade: ["WebSocket"], Connection: ["uPGRADE"] })],
  ["Connection as a list", requestText({ Connection: ["keep-alive, Upgrade"] })],
  ["Upgrade as a list (RFC 9110 §7.8)", requestText({ Upgrade: ["h2c, websocket"] })],
  [
    "blanks around values",
    requestText({ "Sec-WebSocket-Version": ["  13\t"], "Sec-WebSocket-Key": [`  ${goodKey} `] }),
  ],
  ["an absolute target (§4.1)", requestText({}, "GET /x?a=b HTTP/1.1")],
  ["subprotocols over several lines, with empty elements", requestText({ "Sec-WebSocket-Protocol": ["a, ,", "b"] })],
  ["extensions nobody knows", requestText({ "Sec-WebSocket-Extensions": ['x; y="z", w; v; v=1', "u"] })],
  ["a browser's Origin", requestText({ Origin: ["https://example.org"] })],
];

describe("an opening handshake over a socket", () => {
  it.each(refused)("is refused for %s", async (_what, request, status, line) => {
    await using ends = new Ends();
    const { port, ended } = await ends.ourServer({ path: "/x" });
    const answer = (await ends.talk(port, request)).toString("latin1");
    expect(answer.split("\r\n", 1)[0]).toMatch(new RegExp(`^HTTP/1\\.1 ${status}`));
    // RFC 9110 §7.8: a server that wants an upgrade says so in Connection as well.
    expect(answer).toMatch(/\r\nConnection: close(?:, Upgrade)?\r\n/i);
    if (line !== undefined) expect(answer).toContain(`\r\n${line}\r\n`);
    expect(answer).not.toMatch(/<|Sec-WebSocket-Accept/);
    expect(ended).toEqual([]);
  });

  it.each(accepted)("is accepted with %s", async (_what, request) => {
    await using ends = new Ends();
    const { port, ended } = await ends.ourServer({ path: "/x" });
    // The client's first frame is a close, so that the server ends the connection.
    const answer = (await ends.talk(port, `${request}\x88\x82\0\0\0\0\x03\xe8`)).toString("latin1");
    expect(answer).toContain("HTTP/1.1 101 Switching Protocols\r\n");
    expect(answer).toContain("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
    expect(answer).not.toMatch(/Sec-WebSocket-(?:Protocol|Extensions)/);
    expect(answer.endsWith("\r\n\r\n\x88\x02\x03\xe8")).toBe(true);
    expect(ended).toEqual(["1000 clean"]);
  });

  it.each(["whole", "one byte at a time"])("may come %s", async (how) => {
    await using ends = new Ends();
    const { port } = await ends.ourServer();
    const answer = await ends.talk(port, `${requestText()}\x88\x80\0\0\0\0`, how === "whole" ? Infinity : 1);
    expect(answer.toString("latin1")).toMatch(/^HTTP\/1\.1 101 /);
    expect(answer.subarray(-6).toString("hex")).toBe("0d0a0d0a8800");
  });

  it("is refused with 403 and 503 as the owner says, with the owner's headers", async () => {
    await using ends = new Ends();
    const { port } = await ends.ourServer({
      authorize: ({ headers }) =>
        headers.origin === "https://bad.example"
          ? { status: 403, reason: "origin not allowed" }
          : { status: 503, reason: "draining", headers: { "Retry-After": "3" } },
    });
    const bad = (await ends.talk(port, requestText({ Origin: ["https://bad.example"] }))).toString();
    expect(bad).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n[^]*\r\n\r\norigin not allowed\n$/);
    const busy = (await ends.talk(port, requestText())).toString();
    expect(busy).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n(?:[^\r]*\r\n)*Retry-After: 3\r\n/);
  });
});
