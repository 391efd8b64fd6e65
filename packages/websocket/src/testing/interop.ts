// One of our connections and one of the `ws` package's on the two ends of a loopback socket, and what they say.

/// <reference types="node" />

import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer, type PerMessageDeflateOptions } from "ws";
import type { SeededRandom } from "@heddle/base/fakes";
import { systemClock, systemRandom } from "@heddle/base/system";
import type { DeflateOptions } from "../deflate/deflate-options.ts";
import type { WebSocketConnection } from "../node/connection.ts";
import { dial } from "../node/dial.ts";
import { createWebSocketServer } from "../node/server.ts";

export type Message = string | Buffer;

/** Compression of both ends; without it there is none. */
export interface PairOptions {
  readonly ours?: false | DeflateOptions;
  readonly theirs?: PerMessageDeflateOptions | boolean;
}

const clock = systemClock();
const random = systemRandom();

/** A message in a few characters, so that long ones compare and print quickly. */
export const digestOf = (message: Message): string =>
  `${typeof message} ${message.length} ${createHash("sha1").update(message).digest("hex")}`;

/** Makes pairs of ends. */
export class InteropPairs {
  readonly #toClose: (() => unknown)[] = [];

  async closeAll(): Promise<void> {
    for (const close of this.#toClose.splice(0).reverse()) await close();
  }

  /** One of our servers with a `ws` client on it. */
  async oursWithTheirClient(options: PairOptions = {}): Promise<[WebSocketConnection, WebSocket]> {
    const http = createServer();
    let found: (connection: WebSocketConnection) => void;
    const connection = new Promise<WebSocketConnection>((resolve) => (found = resolve));
    const server = createWebSocketServer({
      ...{ clock, random, deflate: options.ours ?? false },
      onConnection: (opened) => found(opened),
    });
    server.attach(http);
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    this.#toClose.push(
      () => new Promise((resolve) => http.close(resolve)),
      () => server[Symbol.asyncDispose](),
    );
    const { port } = http.address() as AddressInfo;
    const client = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: options.theirs ?? false });
    await new Promise((resolve) => client.on("open", resolve));
    return [await connection, client];
  }

  /** A `ws` server with one of our clients on it. */
  async theirsWithOurClient(options: PairOptions = {}): Promise<[WebSocketConnection, WebSocket]> {
    const server = new WebSocketServer({
      ...{ port: 0, host: "127.0.0.1", perMessageDeflate: options.theirs ?? false },
    });
    await new Promise((resolve) => server.on("listening", resolve));
    this.#toClose.push(() => new Promise((resolve) => server.close(resolve)));
    const socket = new Promise<WebSocket>((resolve) => server.on("connection", resolve));
    const { port } = server.address() as AddressInfo;
    const deflate = options.ours ?? false;
    return [await dial(`ws://127.0.0.1:${port}/`, { clock, random, deflate }), await socket];
  }
}

/** Sends through `ws`, whole or in random fragments with pings between. */
export function sendInPieces(socket: WebSocket, message: Message, dice: SeededRandom): void {
  const binary = typeof message !== "string";
  const bytes = Buffer.from(message as string);
  let at = 0;
  for (let left = dice.between(0, 5); left > 0; left--) {
    const end = Math.min(bytes.length, at + dice.between(0, 40_000)); // cuts inside characters too
    socket.send(bytes.subarray(at, end), { binary, fin: false });
    at = end;
    if (dice.chance(0.3)) socket.ping(Buffer.from("between"));
  }
  socket.send(bytes.subarray(at), { binary, fin: true });
}

/** Collects `count` messages of one of our connections, then closes it. */
export function collectOurs(
  connection: WebSocketConnection,
  count: number,
): Promise<{ messages: Message[]; ending: unknown }> {
  const messages: Message[] = [];
  return new Promise((resolve) => {
    const take = (message: Message): void => {
      messages.push(message);
      if (messages.length === count) connection.close(4000, "done");
    };
    connection.start({
      onText: take,
      onBinary: (bytes) => take(Buffer.from(new Uint8Array(bytes))), // borrowed, so copied
      onClose: (...ending) => resolve({ messages, ending }),
    });
  });
}

/** Collects `count` messages of one of theirs, then closes it. */
export function collectTheirs(socket: WebSocket, count: number): Promise<{ messages: Message[]; ending: unknown }> {
  const messages: Message[] = [];
  return new Promise((resolve) => {
    socket.on("message", (data: Buffer, isBinary) => {
      messages.push(isBinary ? data : data.toString());
      if (messages.length === count) socket.close(4000, "done");
    });
    socket.on("close", (code, reason) => resolve({ messages, ending: [code, reason.toString()] }));
  });
}
