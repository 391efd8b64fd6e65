// Our dialler at servers of other people.

import { describe, expect, it } from "vitest";
import { systemClock, systemRandom } from "@heddle/base/system";
import { dial, type WebSocketConnection } from "@heddle/websocket";
import * as dialogue from "./support/dialogue.ts";
import { PeerProcess, peers, type Peer } from "./support/peer.ts";

const { clientClose, requests, serverClose } = dialogue;

/** Each with whether it can send a message in fragments. */
const servers: [name: string, peer: Peer, canFragment: boolean][] = [
  [peers.ws.name, peers.ws, true],
  [peers.websockets.name, peers.websockets, true],
  [peers.aiohttp.name, peers.aiohttp, false],
];

type Ending = readonly [code: number, reason: string, wasClean: boolean];

/** A connection that is asked and answers in turn. */
class Talk {
  readonly connection: WebSocketConnection;
  readonly ended: Promise<Ending>;
  readonly #unread: (string | Buffer)[] = [];
  #reader: ((message: string | Buffer) => void) | undefined;

  constructor(connection: WebSocketConnection) {
    this.connection = connection;
    this.ended = new Promise((resolve) => {
      connection.start({
        onText: (text) => this.#take(text),
        onBinary: (bytes) => this.#take(Buffer.from(new Uint8Array(bytes))), // borrowed, so copied
        onPong: (payload) => this.#take(`our pong ${Buffer.from(payload).toString()}`),
        onClose: (...ending) => resolve(ending),
      });
    });
  }

  next(): Promise<string | Buffer> {
    const message = this.#unread.shift();
    return message === undefined ? new Promise((resolve) => (this.#reader = resolve)) : Promise.resolve(message);
  }

  ask(said: string): Promise<string | Buffer> {
    this.connection.sendText(said);
    return this.next();
  }

  #take(message: string | Buffer): void {
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader === undefined) this.#unread.push(message);
    else reader(message);
  }
}

describe.each([
  ["without compression", false],
  ["with compression", true],
])("our dialler, %s,", (_how, isCompressing) => {
  it.each(servers)("gets on with %s", async (_name, peer, canFragment) => {
    await using server = new PeerProcess(peer, "server", ...(isCompressing ? ["deflate"] : []));
    const { port } = (await server.next()) as { port: number };
    const open = async (): Promise<Talk> => {
      const options = { clock: systemClock(), random: systemRandom(), protocols: dialogue.protocolsOffered };
      return new Talk(await dial(`ws://127.0.0.1:${port}/`, { ...options, deflate: isCompressing ? {} : false }));
    };
    const talk = await open();
    expect(talk.connection.protocol).toBe(dialogue.protocol);
    for (const text of [dialogue.text, dialogue.megabyteText]) expect((await talk.ask(text)) === text).toBe(true);
    for (const bytes of [dialogue.binary, dialogue.megabyteBinary]) {
      talk.connection.sendBinary(bytes);
      expect(Buffer.compare(bytes, (await talk.next()) as Buffer)).toBe(0);
    }
    talk.connection.ping(Buffer.from("between"));
    expect(await talk.next()).toBe("our pong between");
    expect(await talk.ask(requests.ping)).toBe("pong server");
    if (canFragment) expect(await talk.ask(requests.fragments)).toBe("fragmented ✓");
    talk.connection.close(clientClose.code, clientClose.reason);
    expect(await server.next()).toEqual({ closed: [clientClose.code, clientClose.reason] });
    const [code, , wasClean] = await talk.ended;
    expect([code, wasClean]).toEqual([clientClose.code, true]);

    const second = await open();
    second.connection.sendText(requests.close);
    expect(await second.ended).toEqual([serverClose.code, serverClose.reason, true]);
  });
});
