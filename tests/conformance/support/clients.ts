// Real clients for tests, and a line between them and a server that can be cut.

import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { inject } from "vitest";
import { createClient, watchFrames, type Client, type ClientOptions, type FrameListener } from "@heddle/client";
import type { chat, ChatServer } from "./chat.ts";
import { until } from "./inbox.ts";
import { transportTo } from "./transports.ts";

export type ChatClient = Client<typeof chat> & { readonly onFrame: (listener: FrameListener) => void };

/** A client whose token is its user id. */
export function clientOf(
  { url }: { readonly url: string },
  user: string,
  over: Partial<ClientOptions> = {},
): ChatClient {
  const listeners: FrameListener[] = [];
  const client = createClient<typeof chat>({
    transport: watchFrames(transportTo(url), (direction, text) =>
      listeners.forEach((listener) => listener(direction, text)),
    ),
    token: () => user,
    backoffMinMs: 20, // tests cut lines; nobody else is there to be protected from the reconnect
    onError: (error) => {
      throw error;
    },
    ...over,
  });
  return Object.assign(client, { onFrame: (listener: FrameListener) => void listeners.push(listener) });
}

/** Resolves when the client is online. */
export function online(client: ChatClient): Promise<void> {
  client.connect();
  return until(
    () => client.state.name === "online",
    (wake) => void client.onState(wake),
    () => `online, but ${JSON.stringify(client.state)}`,
  );
}

/**
 * Resolves when the server can reach the client, one of those it was told to reach by `chat` before being left out. A client
 * that polls is reached while a poll of it is held, which each has a connection of its own.
 *
 * @param before  ids of connections that are other clients', or over by now
 * @returns the id of its connection
 */
export async function reachable(
  { server }: { readonly server: ChatServer },
  client: ChatClient,
  before: readonly string[] = [],
): Promise<string> {
  await online(client);
  if (inject("transport") !== "poll") return client.connectionId as string;
  for (;;) {
    const { connections } = await server.user(client.userId as string).connections();
    // The first poll is answered at once.
    const held = connections.find(({ connectionId: id }) => id !== client.connectionId && !before.includes(id));
    if (held !== undefined) return held.connectionId;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A line between clients and a server that can be cut and mended. */
export class Line implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port: number;
  #isCut = false;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.#port = port;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async to({ server: { address } }: { readonly server: Pick<ChatServer, "address"> }): Promise<Line> {
    const { port } = address as { port: number };
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const line = new Line(server, port);
    server.on("connection", (near) => line.#carry(near));
    return line;
  }

  /** New connections lead to another server; those there are stay. */
  turnTo({ server: { address } }: { readonly server: Pick<ChatServer, "address"> }): void {
    this.#port = (address as { port: number }).port;
  }

  /** Ends all connections without a word; new ones fail until `mend`. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #carry(near: Socket): void {
    if (this.#isCut) return void near.destroy();
    const far = connect(this.#port, "127.0.0.1");
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true); // small pieces do not wait for each other
      socket.on("error", () => {}); // what matters is that it closes
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }
}
