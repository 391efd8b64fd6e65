// Plays the sample sessions of PROTOCOL.md against a real server: what the document shows is what is said.

import { readFileSync } from "node:fs";
import { createServer, type HeddleServer } from "@heddle/server";
import { call, channel, defineContract, volatile } from "@heddle/protocol/contract";
import { z } from "zod";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RawClient } from "./support/raw-client.ts";
import { difference, filled, sampleSessions, type Known } from "./support/sample-sessions.ts";

const document = readFileSync(new URL("../../packages/protocol/PROTOCOL.md", import.meta.url), "utf8");
const sessions = sampleSessions(document);

const contract = defineContract({
  channels: {
    room: channel({
      params: { roomId: z.string() },
      events: { message: z.object({ text: z.string().min(1) }), typing: volatile(z.object({ on: z.boolean() })) },
      member: z.object({ name: z.string() }),
    }),
    log: channel({ params: { id: z.string() }, events: { line: z.string() }, history: { entries: 2 } }),
  },
  calls: {
    export: call({ input: z.object({ roomId: z.string() }), output: z.object({ url: z.string() }) }),
    search: call({ input: z.object({ q: z.string() }), output: z.array(z.string()) }),
  },
  asks: { confirm: call({ input: z.object({ text: z.string() }), output: z.object({ yes: z.boolean() }) }) },
});

describe("the sample sessions of PROTOCOL.md", () => {
  let server: HeddleServer<typeof contract>;
  let url = "";

  beforeAll(async () => {
    server = createServer({
      contract,
      auth: async (token) => (token === "token of u1" ? { user: "u1", expiresAtMs: Date.now() + 60_000 } : null),
    });
    server.call("export", async (_input, { connectionId }) => {
      const answer = await server.connection(connectionId).ask("confirm", { text: "Overwrite?" }, { timeoutMs: 5_000 });
      return { url: answer.yes ? "/f/1" : "/" };
    });
    server.call("search", () => new Promise<string[]>(() => {}));
    ({ url } = await server.listen({ port: 0, host: "127.0.0.1" }));
  });
  afterAll(() => server.close());

  it("are there", () => expect(sessions.length).toBeGreaterThanOrEqual(3));

  it.each(sessions)("$title", async ({ lines }) => {
    const known: Known = new Map([["<token>", "token of u1"]]);
    let client = await RawClient.connect(`${url}/realtime`);
    let readCount = 0;
    for (const line of lines) {
      if (line.does === "send") client.sayText(filled(line.text, known));
      else if (line.does === "reconnect") {
        client.socket.terminate();
        client = await RawClient.connect(`${url}/realtime`);
        readCount = 0;
      } else {
        const got = await client.at(readCount++);
        expect(
          difference(line.frame, got, known),
          `${JSON.stringify(line.frame)} expected, got ${JSON.stringify(got)}`,
        ).toBeUndefined();
      }
    }
    client.socket.terminate();
  });
});
