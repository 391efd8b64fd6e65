// Ours against the `ws` package over loopback, both ways round: what one sends in any shape, the other gets.

import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { SeededRandom } from "@heddle/base/fakes";
import { systemClock, systemRandom } from "@heddle/base/system";
import { settle } from "../testing/fake-socket.ts";
import type { WebSocketConnection } from "./connection.ts";
import { dial } from "./dial.ts";
import { createWebSocketServer } from "./server.ts";

const clock = systemClock();
const random = systemRandom();
const toClose: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

type Message = string | Buffer;

const alphabet = ["a", "Z", "é", "€", "𝄞", "\u0000", "\ufeff", "\ufffd", "日本"];

function randomMessage(dice: SeededRandom): Message {
  const size = dice.pick([0, 1, 10, 125, 126, 127, 1_000, 65_535, 65_536, 70_000, 300_000]);
  if (dice.chance(0.5)) return Buffer.alloc(size, dice.bytes(997)); // a prime, so that no power of two repeats
  let text = "";
  while (text.length < size) text += dice.pick(alphabet).repeat(dice.between(1, 200));
  return text;
}

/** A message in a few characters, so that long ones compare and print quickly. */
const digestOf = (message: Message): string =>
  `${typeof message} ${message.length} ${createHash("sha1").update(message).digest("hex")}`;

/** Sends through `ws`, whole or in random fragments with pings between. */
function sendInPieces(socket: WebSocket, message: Message, dice: SeededRandom): void {
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

/** Collects `count` messages and pongs of one of our connections. */
function collectOurs(
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

function collectTheirs(socket: WebSocket, count: number): Promise<{ messages: Message[]; ending: unknown }> {
  const messages: Message[] = [];
  return new Promise((resolve) => {
    socket.on("message", (data: Buffer, isBinary) => {
      messages.push(isBinary ? data : data.toString());
      if (messages.length === count) socket.close(4000, "done");
    });
    socket.on("close", (code, reason) => resolve({ messages, ending: [code, reason.toString()] }));
  });
}

/** One of our servers with a `ws` client on it. */
async function oursWithTheirClient(): Promise<[WebSocketConnection, WebSocket]> {
  const http = createServer();
  let found: (connection: WebSocketConnection) => void;
  const connection = new Promise<WebSocketConnection>((resolve) => (found = resolve));
  const server = createWebSocketServer({ clock, random, onConnection: (opened) => found(opened) });
  server.attach(http);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  toClose.push(
    () => new Promise((resolve) => http.close(resolve)),
    () => server[Symbol.asyncDispose](),
  );
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}/`);
  await new Promise((resolve) => client.on("open", resolve));
  return [await connection, client];
}

/** A `ws` server with one of our clients on it. */
async function theirsWithOurClient(): Promise<[WebSocketConnection, WebSocket]> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => server.on("listening", resolve));
  toClose.push(() => new Promise((resolve) => server.close(resolve)));
  const socket = new Promise<WebSocket>((resolve) => server.on("connection", resolve));
  const connection = await dial(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, { clock, random });
  return [connection, await socket];
}

describe.each([
  ["our server and a ws client", oursWithTheirClient, 11],
  ["a ws server and our client", theirsWithOurClient, 12],
])("%s", (_what, connect, seed) => {
  it("understand what ws sends, in any fragments, and close cleanly", async () => {
    const dice = new SeededRandom(seed);
    const [ours, theirs] = await connect();
    const sent = Array.from({ length: 100 }, () => randomMessage(dice));
    const got = collectOurs(ours, sent.length);
    const closed = collectTheirs(theirs, Infinity);
    for (const message of sent) sendInPieces(theirs, message, dice);
    const { messages, ending } = await got;
    expect(messages.map(digestOf), `seed ${seed}`).toEqual(sent.map(digestOf));
    expect(ending).toEqual([4000, "done", true]);
    expect((await closed).ending).toEqual([4000, "done"]);
  });

  it("agree on what we send, joined in turns, and close cleanly when ws does", async () => {
    const dice = new SeededRandom(seed + 100);
    const [ours, theirs] = await connect();
    const sent = Array.from({ length: 100 }, () => randomMessage(dice));
    const got = collectTheirs(theirs, sent.length);
    const closed = collectOurs(ours, Infinity);
    for (const message of sent) {
      if (typeof message === "string") ours.sendText(message);
      else ours.sendBinary(message);
      if (dice.chance(0.3)) await settle();
    }
    const { messages } = await got;
    expect(messages.map(digestOf), `seed ${seed}`).toEqual(sent.map(digestOf));
    expect((await closed).ending).toEqual([4000, "done", true]);
  });

  it("answer each other's pings", async () => {
    const [ours, theirs] = await connect();
    const pongs: string[] = [];
    const both = new Promise<void>((resolve) => {
      const add = (text: string): void => {
        if (pongs.push(text) === 2) resolve();
      };
      theirs.on("pong", (payload: Buffer) => add(`theirs ${payload.toString()}`));
      ours.start({ onText() {}, onBinary() {}, onClose() {}, onPong: (payload) => add(`ours ${payload.length}`) });
    });
    theirs.ping("x");
    ours.ping(new Uint8Array(125));
    await both;
    expect(pongs.toSorted()).toEqual(["ours 125", "theirs x"]);
    ours.terminate();
  });
});
