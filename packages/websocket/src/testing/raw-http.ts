// Opening handshakes as bytes on a real socket.

/// <reference types="node" />

import { connect } from "node:net";

/** The key of RFC 6455 §1.3. */
export const sampleKey = "dGhlIHNhbXBsZSBub25jZQ==";

/** The header lines of a good request. */
export const goodLines = [
  "Host: h",
  "Upgrade: websocket",
  "Connection: Upgrade",
  `Sec-WebSocket-Key: ${sampleKey}`,
  "Sec-WebSocket-Version: 13",
] as const;

/** A request's head. */
export const requestText = (lines: readonly string[], first = "GET /x?y=1 HTTP/1.1"): string =>
  `${[first, ...lines].join("\r\n")}\r\n\r\n`;

/** Sends bytes, and gives all that comes back until the server ends the connection or `until` is in it. */
export const talk = (port: number, text: string, until?: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text, "latin1"));
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString("latin1");
      if (until !== undefined && answer.includes(until)) {
        resolve(answer);
        socket.destroy();
      }
    });
    socket.on("end", () => resolve(answer));
    socket.on("error", reject);
  });
