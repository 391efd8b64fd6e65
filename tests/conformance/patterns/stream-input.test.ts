// Streams from the client over real sockets: a call's input, both at once, and the answer to a question.

import { createServer, refuse, type HeddleServer } from "@heddle/server";
import { createClient, streamInto, streamThrough } from "@heddle/client";
import { createClient as createBinary } from "@heddle/client/msgpack";
import { messagePackCodec } from "@heddle/protocol/msgpack";
import { call, defineContract, stream } from "@heddle/protocol/contract";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Inbox } from "../support/inbox.ts";

const contract = defineContract({
  calls: {
    total: call({ input: stream(z.object({ n: z.number(), pad: z.string().optional() })), output: z.number() }),
    first: call({ input: stream(z.number()), output: z.number() }),
    upper: call({ input: stream(z.string()), output: stream(z.string()) }),
  },
  asks: { files: call({ input: z.string(), output: stream(z.string()) }) },
});
type Streams = typeof contract;

async function start(): Promise<
  { server: HeddleServer<Streams>; url: string; ended: Inbox<string> } & AsyncDisposable
> {
  const auth = (token: string | undefined) => (token ? { user: token } : null);
  const server = createServer({ contract, auth, codecs: [messagePackCodec] });
  const ended = new Inbox<string>();
  server.call("total", async (values) => {
    let total = 0;
    for await (const { n } of values) {
      if (n === 666) refuse("unlucky");
      total += n;
    }
    return total;
  });
  server.call("first", async (values) => {
    for await (const value of values) return value;
    return -1;
  });
  server.call("upper", async function* (lines) {
    try {
      for await (const line of lines) yield line.toUpperCase();
    } finally {
      ended.take("handler");
    }
  });
  const { url } = await server.listen({ port: 0, host: "127.0.0.1" });
  return { server, ended, url: `${url}/realtime`, [Symbol.asyncDispose]: () => server.close() };
}

function* counting(count: number, pad = "", ended?: Inbox<string>) {
  try {
    for (let n = 1; n <= count; n++) yield { n, pad };
  } finally {
    ended?.take("values");
  }
}

describe.each([
  ["JSON", createClient],
  ["MessagePack", createBinary],
])("in %s, a stream from the client", (_, create) => {
  it("carries many times its window, wide text too, while other calls go on", async () => {
    await using app = await start();
    await using client = create<Streams>({ url: app.url, token: () => "ada" });
    const many = streamInto(client, "total", counting(200, "語".repeat(3_000)));
    expect(await streamInto(client, "first", [5, 6, 7])).toBe(5);
    expect(await many).toBe(20_100);
    expect(await streamInto(client, "total", [])).toBe(0);
  });

  it("is let go of when the handler leaves it, refuses it, or a value breaks its schema", async () => {
    await using app = await start();
    await using client = create<Streams>({ url: app.url, token: () => "ada" });
    await expect(streamInto(client, "total", counting(1_000, "", app.ended))).rejects.toMatchObject({
      code: 306,
      why: "unlucky",
    });
    await app.ended.next();
    const wrong = streamInto(client, "total", [{ n: "1" }] as never);
    await expect(wrong).rejects.toMatchObject({ code: 306, issues: [{ path: ["n"] }] });
    async function* endless() {
      try {
        for (let n = 1; ; n++) yield n;
      } finally {
        app.ended.take("endless");
      }
    }
    expect(await streamInto(client, "first", endless())).toBe(1);
    expect(await app.ended.next()).toBe("endless");
  });

  it("runs beside one to the client, and whoever leaves that ends both", async () => {
    await using app = await start();
    await using client = create<Streams>({ url: app.url, token: () => "ada" });
    const all: string[] = [];
    for await (const line of streamThrough(client, "upper", ["a", "b"])) all.push(line);
    expect(all).toEqual(["A", "B"]);
    expect(await app.ended.next()).toBe("handler");
    async function* lines() {
      try {
        for (;;) yield "x".repeat(1_000);
      } finally {
        app.ended.take("lines");
      }
    }
    for await (const line of streamThrough(client, "upper", lines())) {
      expect(line).toHaveLength(1_000);
      break;
    }
    expect([await app.ended.next(), await app.ended.next()].sort()).toEqual(["handler", "lines"]);
  });

  it("answers a question with many values, as fast as the server takes them", async () => {
    await using app = await start();
    await using client = create<Streams>({ url: app.url, token: () => "ada" });
    let pulled = 0;
    client.onAsk("files", async function* (folder) {
      try {
        for (;;) yield `${folder}/${++pulled}${"x".repeat(10_000)}`;
      } finally {
        app.ended.take("files");
      }
    });
    client.connect();
    await expect.poll(() => client.connectionId).toBeDefined();
    const connection = app.server.connection(client.connectionId ?? "");
    const got: string[] = [];
    for await (const name of connection.askStream("files", "/tmp", { timeoutMs: 10_000 })) {
      got.push(name.slice(0, 7));
      if (got.length === 20) break;
    }
    expect([got[0], got[19]]).toEqual(["/tmp/1x", "/tmp/20"]);
    expect(await app.ended.next()).toBe("files");
    expect(pulled).toBeLessThan(40);
  });
});

describe("a stream to a server that goes away", () => {
  it("rejects, and lets go of the values", async () => {
    const app = await start();
    await using client = createClient<Streams>({ url: app.url, token: () => "ada" });
    async function* slow() {
      try {
        for (let n = 1; ; n++) {
          if (n === 3) void app.server.close();
          yield { n };
        }
      } finally {
        app.ended.take("values");
      }
    }
    await expect(streamInto(client, "total", slow())).rejects.toMatchObject({ code: "unknown-outcome" });
    expect(await app.ended.next()).toBe("values");
  });
});
