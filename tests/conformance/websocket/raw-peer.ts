// The other end of one of our connections as a bare socket: it sends what it is told to, and keeps what comes back.

import { createHash } from "node:crypto";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer as createTcpServer, type AddressInfo, type Server, type Socket } from "node:net";
import { systemClock, systemRandom } from "@heddle/base/system";
import {
  createWebSocketServer,
  dial,
  type DialOptions,
  type WebSocketConnection,
  type WebSocketServerOptions,
} from "@heddle/websocket";

const clock = systemClock();
const random = systemRandom();

export const goodKey = "dGhlIHNhbXBsZSBub25jZQ==";

/** A good request; `changes` replace header lines by name, or add some. An empty list leaves the line out. */
export function requestText(
  changes: Readonly<Record<string, readonly string[]>> = {},
  first = "GET /x HTTP/1.1",
): string {
  const headers: Record<string, readonly string[]> = {
    Host: ["example.org"],
    Upgrade: ["websocket"],
    Connection: ["Upgrade"],
    "Sec-WebSocket-Key": [goodKey],
    "Sec-WebSocket-Version": ["13"],
    ...changes,
  };
  const lines = Object.entries(headers).flatMap(([name, values]) => values.map((value) => `${name}: ${value}`));
  return `${[first, ...lines].join("\r\n")}\r\n\r\n`;
}

/** Bytes in hex, blanks ignored. */
export const wire = (hex: string): Buffer => Buffer.from(hex.replace(/\s/g, ""), "hex");

/** The first byte (FIN, reserved bits, opcode) and a payload as a client's frame, with a key of zeros. */
export function clientFrame(first: number, payload: Uint8Array | string = ""): Buffer {
  const frame = serverFrame(first, payload);
  const headBytes = frame.length - Buffer.byteLength(payload);
  frame.writeUInt8(frame.readUInt8(1) | 0x80, 1);
  return Buffer.concat([frame.subarray(0, headBytes), Buffer.alloc(4), frame.subarray(headBytes)]);
}

/** The same as a server's frame. */
export function serverFrame(first: number, payload: Uint8Array | string = ""): Buffer {
  const body = Buffer.from(payload as string);
  if (body.length < 126) return Buffer.concat([Uint8Array.of(first, body.length), body]);
  const head = Buffer.alloc(4);
  head.writeUInt16BE((first << 8) | 126, 0);
  head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, body]);
}

/** Frames of under 64 KiB in words: `text …`, `binary …`, `close CODE …`. Masked ones are unmasked. */
export function framesOf(bytes: Buffer): string[] {
  const names: Readonly<Record<number, string>> = { 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong" };
  const frames: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const first = bytes.readUInt8(at);
    const isMasked = bytes.readUInt8(at + 1) >= 0x80;
    const code = bytes.readUInt8(at + 1) & 0x7f;
    const keyAt = at + (code === 126 ? 4 : 2);
    const from = keyAt + (isMasked ? 4 : 0);
    const length = code === 126 ? bytes.readUInt16BE(at + 2) : code;
    const key = isMasked ? bytes.subarray(keyAt, from) : Buffer.alloc(4);
    const payload = bytes.subarray(from, from + length).map((byte, index) => byte ^ (key[index % 4] as number));
    at = from + length;
    const opcode = first & 0x0f;
    const text = Buffer.from(payload).toString();
    if (opcode === 8) frames.push(length === 0 ? "close" : `close ${Buffer.from(payload).readUInt16BE(0)}`);
    else frames.push(`${names[opcode] ?? opcode} ${opcode === 2 ? Buffer.from(payload).toString("hex") : text}`);
  }
  return frames;
}

/** A server of ours, or a raw one, and what was opened at it; leaving the block ends all. */
export class Ends implements AsyncDisposable {
  readonly #toClose: (() => unknown)[] = [];

  /** An echo server with the given limits. `ended` tells what the owners of its connections were told last. */
  async ourServer(options: Partial<WebSocketServerOptions> = {}): Promise<{ port: number; ended: string[] }> {
    const ended: string[] = [];
    const http = createHttpServer((_request, response) => response.end("a page"));
    const server = createWebSocketServer({
      ...{ clock, random, closeTimeoutMs: 2_000 },
      onConnection: (connection) => echo(connection, (how) => void ended.push(how)),
      ...options,
    });
    server.attach(http);
    const port = await listen(http);
    this.#toClose.push(
      () => new Promise((resolve) => http.close(resolve)),
      () => server[Symbol.asyncDispose](),
    );
    return { port, ended };
  }

  /** Sends `bytes` in pieces of `pieceBytes`, and collects what comes until the server ends the connection. */
  async talk(port: number, bytes: Buffer | string, pieceBytes = Infinity): Promise<Buffer> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#toClose.push(() => socket.destroy());
    await new Promise<void>((resolve, reject) => socket.on("connect", resolve).on("error", reject));
    const collected = collect(socket);
    await sendInPieces(socket, Buffer.from(bytes as string, "latin1"), pieceBytes);
    return await collected;
  }

  /**
   * Dials a server that answers with `head` and sends `bytes` behind it.
   *
   * @returns the bytes we sent behind our request, and what our owner was told last
   */
  async dialRaw(
    head: (key: string) => string,
    bytes: Buffer = Buffer.alloc(0),
    options: Partial<DialOptions> = {},
    pieceBytes = Infinity,
  ): Promise<{ sent: Buffer; ended: string }> {
    let sent: Promise<Buffer> | undefined;
    const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
      this.#toClose.push(() => socket.destroy());
      socket.once("data", (request: Buffer) => {
        const key = /^sec-websocket-key: (.*)\r$/im.exec(request.toString("latin1"))?.[1] ?? "";
        sent = collect(socket);
        const all = Buffer.concat([Buffer.from(head(key), "latin1"), bytes]);
        // §7.1.1: a client waits for the server to end.
        void sendInPieces(socket, all, pieceBytes).then(() => socket.end());
      });
    });
    const port = await listen(server);
    this.#toClose.push(() => new Promise((resolve) => server.close(resolve)));
    const connection = await dial(`ws://127.0.0.1:${port}/`, { clock, random, closeTimeoutMs: 2_000, ...options });
    const ended = await new Promise<string>((resolve) => echo(connection, resolve));
    return { sent: (await sent) ?? Buffer.alloc(0), ended };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#toClose.splice(0).reverse()) await close();
  }
}

/** Sends back what comes. */
function echo(connection: WebSocketConnection, onEnd: (how: string) => void): void {
  connection.start({
    onText: (text) => void connection.sendText(text),
    onBinary: (bytes) => void connection.sendBinary(bytes),
    onClose: (code, _reason, wasClean) => onEnd(`${code} ${wasClean ? "clean" : "unclean"}`),
  });
}

/** A good answer to a handshake; `more` are further header lines. */
export function acceptText(key: string, ...more: readonly string[]): string {
  const proof = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
  return `${[...lines, `Sec-WebSocket-Accept: ${proof}`, ...more].join("\r\n")}\r\n\r\n`;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** All that comes until the other side ends. A reset is an end as well: it had read no more. */
function collect(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    const finish = (): void => {
      resolve(Buffer.concat(chunks));
      socket.end();
    };
    socket
      .on("data", (chunk: Buffer) => chunks.push(chunk))
      .on("end", finish)
      .on("error", finish);
  });
}

async function sendInPieces(socket: Socket, bytes: Buffer, pieceBytes: number): Promise<void> {
  for (let at = 0; at < bytes.length && socket.writable; at += Math.min(pieceBytes, bytes.length)) {
    socket.write(bytes.subarray(at, at + pieceBytes));
    await new Promise<void>((resolve) => clock.turnEnd(resolve));
  }
}
