// The client where there is a WebSocket or fetch: it follows, answers, comes back when its server was restarted, and ends.

import { createServer, memoryEngine, MemoryStore } from "@heddle/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Inbox } from "../conformance/support/inbox.ts";
import type { Run } from "./support/chat.ts";
import { contract } from "./support/contract.ts";
import { bundle, programFor, runtimes } from "./support/programs.ts";

const patience = { timeout: 20_000 };
const codes = new Map<string, string>();
beforeAll(async () => {
  for (const platform of ["anywhere", "in-node"] as const) codes.set(platform, await bundle(platform));
});

/** A server that can be started again, at the same port and with the same log. */
class Place {
  port = 0;
  readonly #store = new MemoryStore();
  #server = this.#make();
  script = "";

  async start(): Promise<void> {
    const handler = (request: { url?: string | undefined }, response: import("node:http").ServerResponse): void => {
      const isScript = request.url === "/program.js";
      response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
      const load =
        request.url === "/worker.html" ? `new Worker("/program.js", { type: "module" })` : `import("/program.js")`;
      response.end(isScript ? this.script : `<!doctype html><title>t</title><script type="module">${load}</script>`);
    };
    ({ port: this.port } = await this.#server.listen({ port: this.port, host: "127.0.0.1", handler }));
  }

  async restart(): Promise<void> {
    await this.#server.close({ spreadMs: 0 });
    this.#server = this.#make();
    await this.start();
  }

  ask(text: string): Promise<unknown> {
    return this.#server.channel("room").publish({}, "asked", text);
  }

  /** What clients answered, each once. */
  async answers(): Promise<unknown[]> {
    const { events } = await this.#server.channel("room").history({}, { last: 100 });
    return events.filter(({ event }) => event === "answered").map(({ payload }) => payload);
  }

  close(): Promise<void> {
    return this.#server.close({ spreadMs: 0 });
  }

  #make() {
    return createServer({
      ...{ contract, secret: "equal over restarts, and long enough for it" },
      engine: memoryEngine({ store: this.#store, node: "n1" }),
      auth: (token) => (token ? { user: token } : null),
    });
  }
}

const places: Place[] = [];
afterAll(() => Promise.all(places.map((place) => place.close())));

describe.each(Object.entries(runtimes))("in %s", (_name, { start, platform }) => {
  it.each(["websocket", "stream", "poll"] as const)(
    "chats by %s, also with a server that was restarted",
    async (how) => {
      const place = new Place();
      places.push(place);
      await place.start();
      const run: Run = { url: `http://127.0.0.1:${place.port}/realtime`, how };
      const code = codes.get(platform) ?? "";
      place.script = programFor(code, run);
      const lines = new Inbox<string>();
      const program = await start(code, run, lines.take);
      try {
        await expect.poll(() => lines.all, patience).toContain("heddle ready ");
        await place.ask("one");
        await expect.poll(() => place.answers(), patience).toEqual([`one, said ${how}`]);
        await place.restart();
        await place.ask("two");
        await place.ask("the end");
        await expect
          .poll(() => place.answers(), patience)
          .toEqual(["one", "two", "the end"].map((text) => `${text}, said ${how}`));
        await expect.poll(() => lines.all, patience).toContain("heddle closed ");
        const told = lines.all.filter((line) => /^heddle (?!state)/.test(line));
        expect(told).toEqual(
          ["ready ", "got one", "got two", "got the end", "closed "].map((line) => `heddle ${line}`),
        );
        expect(await program.ended).toBe(0); // nothing keeps it
      } finally {
        await program.stop();
      }
    },
  );
});
