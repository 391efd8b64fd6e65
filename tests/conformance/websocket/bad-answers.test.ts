// What servers may answer to our dialler's handshake, over a real socket, and what it makes of that.

import { describe, expect, it } from "vitest";
import { acceptText, Ends, serverFrame, wire } from "./raw-peer.ts";

const closing = serverFrame(0x88, wire("03e8"));

const refused: [what: string, answer: (key: string) => string, error: object][] = [
  ["a wrong proof (§4.1)", () => acceptText("another key"), { code: "handshake-invalid" }],
  [
    "no proof (§4.1)",
    (key) => acceptText(key).replace(/Sec-WebSocket-Accept: .*\r\n/, ""),
    { code: "handshake-invalid" },
  ],
  ["a proof twice (§11.3.3)", (key) => twice(acceptText(key), "Sec-WebSocket-Accept"), { code: "handshake-invalid" }],
  [
    "another Upgrade (§4.1)",
    (key) => acceptText(key).replace("Upgrade: websocket", "Upgrade: h2c"),
    { code: "handshake-invalid" },
  ],
  ["no Upgrade (§4.1)", (key) => acceptText(key).replace("Upgrade: websocket\r\n", ""), { code: "handshake-invalid" }],
  [
    "Connection: close (§4.1)",
    (key) => acceptText(key).replace("Connection: Upgrade", "Connection: close"),
    { code: "handshake-invalid" },
  ],
  [
    "a subprotocol nobody offered (§4.1)",
    (key) => acceptText(key, "Sec-WebSocket-Protocol: other"),
    { code: "handshake-invalid" },
  ],
  [
    "two subprotocols in one line",
    (key) => acceptText(key, "Sec-WebSocket-Protocol: a, b"),
    { code: "handshake-invalid" },
  ],
  [
    "two lines of subprotocols (§11.3.4)",
    (key) => acceptText(key, "Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: b"),
    { code: "handshake-invalid" },
  ],
  [
    "an extension nobody offered (§4.1)",
    (key) => acceptText(key, "Sec-WebSocket-Extensions: permessage-deflate"),
    { code: "handshake-invalid" },
  ],
  [
    "200",
    () => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    { code: "handshake-refused", status: 200, retryable: false },
  ],
  [
    "401, which is not asked again",
    () => 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="r"\r\nContent-Length: 0\r\n\r\n',
    { code: "handshake-refused", status: 401 },
  ],
  [
    "301, which is not followed",
    () => "HTTP/1.1 301 Moved\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    { code: "handshake-refused", status: 301 },
  ],
  [
    "503 with a time to come back",
    () => "HTTP/1.1 503 Busy\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n",
    { code: "handshake-refused", status: 503, retryAfterS: 9, retryable: true },
  ],
  ["something else than HTTP", () => "SSH-2.0-OpenSSH_9.2\r\n\r\n", { code: "handshake-invalid" }],
];

const twice = (text: string, name: string): string => text.replace(new RegExp(`^${name}: .*\r\n`, "m"), "$&$&");

const accepted: [what: string, answer: (key: string) => string][] = [
  ["tokens in any case", (key) => acceptText(key).replace("Upgrade: websocket", "upgrade: WebSocket")],
  ["Connection as a list", (key) => acceptText(key).replace("Connection: Upgrade", "CONNECTION: keep-alive, upgrade")],
  ["a subprotocol we offered", (key) => acceptText(key, "Sec-WebSocket-Protocol: b")],
  ["headers of its own", (key) => acceptText(key, "Server: x", "Set-Cookie: a=b", "Set-Cookie: c=d")],
];

describe("our dialler over a socket", () => {
  it.each(refused)("fails on %s", async (_what, answer, error) => {
    await using ends = new Ends();
    await expect(ends.dialRaw(answer, closing, { protocols: ["a", "b"] })).rejects.toMatchObject({
      ...{ name: "WebSocketError", ...error },
    });
  });

  it.each(accepted)("takes %s, and the frames right behind", async (_what, answer) => {
    for (const pieceBytes of [Infinity, 1]) {
      await using ends = new Ends();
      const { ended } = await ends.dialRaw(answer, closing, { protocols: ["a", "b"] }, pieceBytes);
      expect(ended).toBe("1000 clean");
    }
  });
});
