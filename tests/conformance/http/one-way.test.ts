// What HTTP has no way for: values that a client sends one after another to one handler. It is said at once, to whoever asked.

import { createServer } from "@heddle/server";
import { createClient, streamInto, streamThrough } from "@heddle/client";
import { httpPoll, httpStream } from "@heddle/client/http";
import { call, defineContract, stream } from "@heddle/protocol/contract";
import { describe, expect, it } from "vitest";
import { z } from "zod";

const contract = defineContract({
  calls: {
    total: call({ input: stream(z.number()), output: z.number() }),
    twice: call({ input: stream(z.number()), output: stream(z.number()) }),
    plain: call({ input: z.number(), output: z.number() }),
  },
  asks: { files: call({ input: z.string(), output: stream(z.string()) }) },
});

async function start() {
  const server = createServer({ contract, auth: (token) => (token ? { user: token } : null) });
  let begunCount = 0;
  server.call("plain", (n) => n);
  server.call("total", async (numbers) => {
    begunCount++;
    let total = 0;
    for await (const n of numbers) total += n;
    return total;
  });
  server.call("twice", async function* (numbers) {
    begunCount++;
    for await (const n of numbers) yield 2 * n;
  });
  const { url } = await server.listen({ port: 0, host: "127.0.0.1" });
  return {
    ...{ server, url: `${url}/realtime` },
    begun: () => begunCount,
    [Symbol.asyncDispose]: () => server.close(),
  };
}

describe.each([
  ["stream", httpStream],
  ["poll", httpPoll],
])("over %s", (_name, transport) => {
  it("a stream into a call is refused with 301 before its handler begins, and the client goes on", async () => {
    await using app = await start();
    await using client = createClient<typeof contract>({ transport: transport(app.url), token: () => "ada" });
    const why = expect.stringContaining("is a stream, which needs a WebSocket") as string;
    await expect(streamInto(client, "total", [1, 2])).rejects.toMatchObject({ code: 301, why });
    const through = streamThrough(client, "twice", [1, 2]);
    await expect(through[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 301, why });
    expect(await client.call("plain", 7)).toBe(7);
    expect(app.begun()).toBe(0);
  });
});

it("a stream of answers is not asked of a client without a WebSocket", async () => {
  await using app = await start();
  await using client = createClient<typeof contract>({ transport: httpStream(app.url), token: () => "ada" });
  client.onAsk("files", () => ["one", "two"]);
  client.connect();
  await expect.poll(() => client.connectionId).toBeDefined();
  const asking = app.server.connection(client.connectionId ?? "").askStream("files", "/");
  await expect(asking[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    code: "badRequest",
    message: expect.stringContaining("needs a WebSocket") as string,
  });
});
