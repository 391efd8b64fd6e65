import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { httpServerOptions, type HttpLimits } from "./http-limits.ts";

const toClose: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

/** All that a server with these limits answers until it closes the connection. */
async function answerTo(limits: HttpLimits, sent: string): Promise<string> {
  const server = createServer(httpServerOptions(limits), (_request, response) => response.end("page"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  toClose.push(() => new Promise((resolve) => server.close(resolve)));
  return await new Promise((resolve) => {
    let answer = "";
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1", () => socket.write(sent));
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
    socket.on("close", () => resolve(answer));
  });
}

describe("httpServerOptions", () => {
  it("closes a socket whose request does not get to its last header", async () => {
    const answer = await answerTo({ handshakeTimeoutMs: 100 }, "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: webso");
    expect(answer).toContain("HTTP/1.1 408 ");
  });

  it("closes a socket that says nothing at all", async () => {
    expect(await answerTo({ handshakeTimeoutMs: 100 }, "")).toContain("HTTP/1.1 408 ");
  });

  it("answers 431 to a head that is too large, and takes one that is not", async () => {
    const head = `GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX: ${"x".repeat(500)}\r\n\r\n`;
    expect(await answerTo({ maxHeaderBytes: 256 }, head)).toContain("HTTP/1.1 431 ");
    expect(await answerTo({ maxHeaderBytes: 1_024 }, head)).toContain("HTTP/1.1 200 ");
  });

  it.each([
    [{ handshakeTimeoutMs: 99 }, "handshakeTimeoutMs"],
    [{ maxHeaderBytes: 255 }, "maxHeaderBytes"],
  ])("refuses %j and names the option", (limits, field) => {
    expect(() => httpServerOptions(limits)).toThrow(expect.objectContaining({ field }));
  });
});
