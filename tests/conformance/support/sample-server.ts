// The server the sample sessions are played against, and how one is played.

import { createServer, type HeddleServer } from "@heddle/server";
import { call, channel, defineContract, stream, volatile } from "@heddle/protocol/contract";
import { messagePackCodec } from "@heddle/protocol/msgpack";
import { expect } from "vitest";
import { z } from "zod";
import { RawClient, type RawCodec } from "./raw-client.ts";
import { difference, filled, type Known, type Line } from "./sample-sessions.ts";

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
    tail: call({ input: z.object({ to: z.number() }), output: stream(z.object({ n: z.number() })) }),
    sum: call({ input: stream(z.number()), output: z.number() }),
    collect: call({ input: z.object({}), output: z.array(z.string()) }),
  },
  asks: {
    confirm: call({ input: z.object({ text: z.string() }), output: z.object({ yes: z.boolean() }) }),
    list: call({ input: z.object({}), output: stream(z.string()) }),
  },
});

export interface SampleServer extends AsyncDisposable {
  readonly url: string;
  readonly server: HeddleServer<typeof contract>;
}

export async function openSampleServer(): Promise<SampleServer> {
  const server = createServer({
    contract,
    codecs: [messagePackCodec],
    auth: async (token) => (token === "token of u1" ? { user: "u1", expiresAtMs: Date.now() + 60_000 } : null),
  });
  server.call("export", async (_input, { connectionId }) => {
    const answer = await server.connection(connectionId).ask("confirm", { text: "Overwrite?" }, { timeoutMs: 5_000 });
    return { url: answer.yes ? "/f/1" : "/" };
  });
  server.call("search", () => new Promise<string[]>(() => {}));
  server.call("tail", async function* ({ to }) {
    for (let n = 1; n <= to; n++) yield { n };
  });
  server.call("sum", async (values) => {
    let sum = 0;
    for await (const value of values) {
      if (value === 0) break;
      sum += value;
    }
    return sum;
  });
  server.call("collect", async (_input, { connectionId }) => {
    const names: string[] = [];
    for await (const name of server.connection(connectionId).askStream("list", {})) names.push(name);
    return names;
  });
  const { url } = await server.listen({ port: 0, host: "127.0.0.1" });
  return { url: `${url}/realtime`, server, [Symbol.asyncDispose]: () => server.close() };
}

/** Says what the lines say and expects what they expect, frame by frame. @returns how many lines were played */
export async function play(url: string, lines: readonly Line[], codec?: RawCodec): Promise<number> {
  const known: Known = new Map([["<token>", "token of u1"]]);
  let client = await RawClient.connect(url, { codec });
  let readCount = 0;
  for (const line of lines) {
    if (line.does === "send") client.say(JSON.parse(filled(line.text, known)) as object);
    else if (line.does === "reconnect") {
      client.socket.terminate();
      client = await RawClient.connect(url, { codec });
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
  return lines.length;
}
