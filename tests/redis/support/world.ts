// Nodes on one Redis: engines alone, and whole servers with clients, all with limits short enough to watch them.

import { systemClock, systemRandom } from "@heddle/base/system";
import { utf8Encode } from "@heddle/base";
import { createClient, type Client } from "@heddle/client";
import { redis, type RedisEngine, type RedisOptions } from "@heddle/engine-redis";
import type { Draft, Entry } from "@heddle/hub/ports";
import { channel, defineContract, volatile } from "@heddle/protocol/contract";
import { jwt, signToken } from "@heddle/auth-jwt";
import { createServer, type HeddleServer } from "@heddle/server";
import { z } from "zod";

export const quick = {
  ...{ connectMs: 2_000, answerMs: 1_500, probeMs: 200, retryMinMs: 20, retryMaxMs: 200, topologyMs: 200 },
  ...{ heartbeatMs: 100, leaseMs: 600 },
};

/** An engine that has been started, with quick limits. */
export async function openEngine(options: RedisOptions): Promise<RedisEngine & AsyncDisposable> {
  const engine = redis({ ...options, limits: { ...quick, ...options.limits } });
  await engine.start({ clock: systemClock(), random: systemRandom() });
  return Object.assign(engine, { [Symbol.asyncDispose]: () => engine.stop() });
}

let draftCount = 0;

/** A draft with a producer of its own, unless told otherwise. */
export function draft(over: Partial<Draft> = {}): Draft {
  const count = ++draftCount;
  return {
    tag: 1_000 + count,
    epochIfNone: `E${count}`,
    dedup: { by: "key", key: `draft ${count}`, hash: "h" },
    keep: { entries: 1_000, ageMs: 3_600_000 },
    id: `s:${count}`,
    ...{ event: "message", key: "", user: "", traceparent: "", kind: "json" as const },
    data: utf8Encode(`${count}`),
    ...over,
  };
}

/** A sink that keeps what it is told. */
export class Listener {
  readonly entries: Entry[] = [];
  readonly breaks: string[] = [];

  entry(_gen: number, entry: Entry): void {
    this.entries.push(entry);
  }

  broken(_gen: number, why: string): void {
    this.breaks.push(why);
  }
}

export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = 40_000,
): Promise<void> {
  for (const untilMs = performance.now() + withinMs; !(await holds());) {
    if (performance.now() > untilMs) throw new Error(`${what}: not within ${withinMs} ms`);
    await pause(10);
  }
}

export const pause = (ms: number): Promise<void> => new Promise((run) => void setTimeout(run, ms));

export const contract = defineContract({
  channels: {
    room: channel({
      params: { name: z.string() },
      events: { message: z.object({ n: z.number() }), sign: volatile(z.object({ n: z.number() })) },
      history: { entries: 2_000 },
    }),
  },
});

const secret = new Uint8Array(32).fill(7);

/** A server with an engine of its own, and clients at it. */
export class Node implements AsyncDisposable {
  readonly server: HeddleServer<typeof contract>;
  readonly #clients: Client<typeof contract>[] = [];
  readonly port: number;

  private constructor(server: HeddleServer<typeof contract>, port: number) {
    this.server = server;
    this.port = port;
  }

  static async start(options: RedisOptions): Promise<Node> {
    const engine = redis({ ...options, limits: { ...quick, ...options.limits } });
    const server = createServer({ contract, auth: jwt({ secret }), secret, engine });
    server.channel("room").authorize(() => true);
    const { port } = await server.listen({ port: 0 });
    return new Node(server, port);
  }

  /** @param port  of a proxy to this server */
  client(user: string, port = this.port): Client<typeof contract> {
    const url = `ws://127.0.0.1:${port}/realtime`;
    const client = createClient<typeof contract>({ url, token: () => signToken({ secret, user }) });
    this.#clients.push(client);
    return client;
  }

  /** A subscriber's view of a room. @param port  of a proxy to this server */
  async reader(name: string, port = this.port): Promise<Reader> {
    const reader = new Reader(this.client(`reader of ${name}`, port), name);
    await reader.ready();
    return reader;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.server.close({ spreadMs: 0 });
  }
}

export class Reader {
  readonly numbers: number[] = [];
  readonly gaps: string[] = [];
  readonly client: Client<typeof contract>;
  readonly #room: ReturnType<typeof roomOf>;

  constructor(client: Client<typeof contract>, name: string) {
    this.client = client;
    this.#room = roomOf(client, name);
    this.#room.on("message", ({ n }) => void this.numbers.push(n));
    this.#room.onGap(({ why }) => void this.gaps.push(why));
  }

  ready(): Promise<unknown> {
    return this.#room.ready();
  }
}

export const roomOf = (client: Client<typeof contract>, name: string) => client.channel("room", { name });
