// Real clients for tests, and a line between them and a server that can be cut.

import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { systemClock, systemRandom } from "@heddle/base/system";
import {
  createClient,
  nodeWebSocket,
  watchFrames,
  type Client,
  type ClientOptions,
  type FrameListener,
} from "@heddle/client";
import type { chat, ChatServer } from "./chat.ts";
import { until } from "./inbox.ts";

export type ChatClient = Client<typeof chat> & { readonly onFrame: (listener: FrameListener) => void };

/** A client whose token is its user id. */
export function clientOf(
  { url }: { readonly url: string },
  user: string,
  over: Partial<ClientOptions> = {},
): ChatClient {
  const listeners: FrameListener[] = [];
  const socket = nodeWebSocket(`${url.replace("http", "ws")}/realtime`, {
    clock: systemClock(),
    random: systemRandom(),
  });
  const client = createClient<typeof chat>({
    transport: watchFrames(socket, (direction, text) => listeners.forEach((listener) => listener(direction, text))),
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

/** A line between clients and a server that can be cut and mended. */
export class Line implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async to({ server: { address } }: { readonly server: Pick<ChatServer, "address"> }): Promise<Line> {
    const { port } = address as { port: number };
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const line = new Line(server);
    server.on("connection", (near) => line.#carry(near, port));
    return line;
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

  #carry(near: Socket, port: number): void {
    if (this.#isCut) return void near.destroy();
    const far = connect(port, "127.0.0.1");
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
