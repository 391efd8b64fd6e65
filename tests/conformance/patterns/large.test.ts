// Frames larger than one may be, over real sockets: in pieces, between other traffic, in order and once.

import { createServer } from "@heddle/server";
import { createClient } from "@heddle/client";
import { createClient as createBinary, nodeWebSocket } from "@heddle/client/msgpack";
import { systemClock, systemRandom } from "@heddle/base/system";
import { wireLimits } from "@heddle/protocol";
import { messagePackCodec } from "@heddle/protocol/msgpack";
import { bytes, call, channel, defineContract } from "@heddle/protocol/contract";
import { faultTransport } from "@heddle/testkit/faults";
import { describe, expect, it } from "vitest";
import { z } from "zod";

const contract = defineContract({
  channels: { file: channel({ params: { id: z.string() }, events: { text: z.string(), image: bytes() } }) },
  calls: { measure: call({ input: z.string(), output: z.number() }) },
});
type Files = typeof contract;

async function start(): Promise<{ url: string } & AsyncDisposable> {
  const auth = (token: string | undefined) => (token ? { user: token } : null);
  const server = createServer({ contract, auth, codecs: [messagePackCodec] });
  server.call("measure", (text) => text.length);
  const { url } = await server.listen({ port: 0, host: "127.0.0.1" });
  return { url: `${url}/realtime`, [Symbol.asyncDispose]: () => server.close() };
}

const long = 'x"é\n'.repeat(30_000);

describe.each([
  ["JSON", createClient],
  ["MessagePack", createBinary],
])("in %s, a frame larger than one may be", (_, create) => {
  it("arrives whole: text, bytes and the input of a call", async () => {
    await using app = await start();
    await using client = create<Files>({ url: app.url, token: () => "ada" });
    const file = client.channel("file", { id: "1" });
    const got: unknown[] = [];
    file.onAny((payload) => got.push(payload));
    await file.ready();
    const image = Uint8Array.from({ length: 150_000 }, (__, index) => index % 251);
    await file.publish("text", long, { until: "echo" });
    await file.publish("image", image, { until: "echo" });
    expect(got[0]).toBe(long);
    expect(Buffer.from(got[1] as Uint8Array).equals(image)).toBe(true);
    expect(await client.call("measure", long)).toBe(long.length);
  });

  it("is overtaken by small ones of other channels, and by none of its own", async () => {
    await using app = await start();
    await using client = create<Files>({ url: app.url, token: () => "ada" });
    const [file, other] = ["1", "2"].map((id) => client.channel("file", { id })) as [
      ReturnType<typeof client.channel<"file">>,
      ReturnType<typeof client.channel<"file">>,
    ];
    const got: string[] = [];
    for (const room of [file, other]) room.on("text", (text) => got.push(text.slice(0, 6)));
    await Promise.all([file.ready(), other.ready()]);
    await Promise.all([
      file.publish("text", long, { until: "echo" }),
      file.publish("text", "behind", { until: "echo" }),
      other.publish("text", "passes", { until: "echo" }),
    ]);
    expect(got).toEqual(["passes", long.slice(0, 6), "behind"]);
  });

  it("is refused alone when it is larger than pieces may be", async () => {
    await using app = await start();
    await using client = create<Files>({ url: app.url, token: () => "ada" });
    const file = client.channel("file", { id: "1" });
    await file.publish("text", "first");
    const tooLong = "x".repeat(wireLimits.bigFrameLength);
    await expect(file.publish("text", tooLong)).rejects.toMatchObject({ code: 303 });
    await expect(client.call("measure", tooLong)).rejects.toMatchObject({ code: 303 });
    expect((await file.publish("text", "next")).position?.[1]).toBe(2);
    expect(client.stats.connects).toBe(1);
  });
});

describe("a connection that breaks between two pieces", () => {
  it("costs nothing but time: the frame is stored once, in its place", async () => {
    await using app = await start();
    const network = faultTransport(nodeWebSocket(app.url, { clock: systemClock(), random: systemRandom() }));
    await using client = createClient<Files>({ transport: network, token: () => "ada", backoffMinMs: 10 });
    const file = client.channel("file", { id: "1" });
    await file.publish("text", "first");
    const large = file.publish("text", long);
    const behind = file.publish("text", "behind");
    await new Promise((resolve) => setImmediate(resolve));
    network.kill();
    expect((await large).position?.[1]).toBe(2);
    expect((await behind).position?.[1]).toBe(3);
    const lengths: number[] = [];
    for await (const { payload } of file.history({ last: 10 })) lengths.push(String(payload).length);
    expect(lengths).toEqual(["behind", long, "first"].map(({ length }) => length));
    expect(client.stats.connects).toBe(2);
  });
});
