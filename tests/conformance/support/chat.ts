// The contract most tests share, a server for it, and tokens that are user ids.

import { createServer, type HeddleServer, type Logger, type ServerOptions } from "@heddle/server";
import { call, channel, defineContract, volatile } from "@heddle/protocol/contract";
import { z } from "zod";
import { Inbox } from "./inbox.ts";

export const chat = defineContract({
  channels: {
    room: channel({
      params: { roomId: z.string().max(64) },
      events: {
        message: z.object({ text: z.string().min(1).max(4_000), from: z.string().optional() }),
        typing: volatile(z.object({ on: z.boolean() })),
      },
      member: z.object({ name: z.string().max(40) }),
      history: { entries: 100 },
    }),
    vault: channel({ params: {}, events: { note: z.string() } }),
  },
  calls: {
    rename: call({ input: z.object({ name: z.string().max(20) }), output: z.object({ name: z.string() }) }),
    placeOrder: call({
      input: z.object({ amount: z.number().positive() }),
      output: z.object({ order: z.number() }),
      idempotent: true,
    }),
    wait: call({ input: z.object({}), output: z.object({}) }),
  },
  asks: { confirm: call({ input: z.object({ text: z.string() }), output: z.object({ yes: z.boolean() }) }) },
  notices: { notify: z.object({ text: z.string() }) },
});

export type ChatServer = HeddleServer<typeof chat>;

/** What the server logged. */
export class MemoryLogger implements Logger {
  readonly lines: { readonly level: string; readonly details: object; readonly message: string }[] = [];
  debug = (details: object, message: string): void => void this.lines.push({ level: "debug", details, message });
  info = (details: object, message: string): void => void this.lines.push({ level: "info", details, message });
  warn = (details: object, message: string): void => void this.lines.push({ level: "warn", details, message });
  error = (details: object, message: string): void => void this.lines.push({ level: "error", details, message });

  errors(): readonly object[] {
    return this.lines.filter(({ level }) => level === "error");
  }
}

export interface RunningChat extends AsyncDisposable {
  readonly server: ChatServer;
  readonly url: string;
  readonly logger: MemoryLogger;
  /** Why `wait` calls were stopped. */
  readonly stopped: Inbox<string>;
  /** How often an order was placed. */
  readonly orders: number[];
}

/** A chat on a free port. Tokens are user ids; `vault` is for the user `keeper`; an empty token is refused. */
export async function startChat(over: Partial<ServerOptions<typeof chat>> = {}): Promise<RunningChat> {
  const logger = new MemoryLogger();
  const stopped = new Inbox<string>();
  const orders: number[] = [];
  const server = createServer({ contract: chat, auth: (token) => (token ? { user: token } : null), logger, ...over });
  server.channel("vault").authorize(({ user }) => user.id === "keeper");
  server.call("rename", ({ name }) => ({ name: name.toUpperCase() }));
  server.call("placeOrder", ({ amount }) => ({ order: orders.push(amount) }));
  server.call("wait", (_input, { signal }) => {
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        stopped.take(String((signal.reason as Error).message));
        reject(new Error("stopped"));
      });
    });
  });
  const { url } = await server.listen({ port: 0, host: "127.0.0.1" });
  return { server, url, logger, stopped, orders, [Symbol.asyncDispose]: () => server.close() };
}
