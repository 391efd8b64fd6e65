// MessagePack over real sockets: our client and an independent one, beside clients that speak JSON.

import { systemClock, systemRandom } from "@heddle/base/system";
import { createClient as createJsonClient } from "@heddle/client";
import { createClient, messagePackClientCodec, nodeWebSocket } from "@heddle/client/msgpack";
import { createClient as createSmallest } from "@heddle/client/websocket";
import { clientFrameShapes, serverFrameShapes, wireLimits } from "@heddle/protocol";
import { messagePackCodec } from "@heddle/protocol/msgpack";
import { faultTransport } from "@heddle/testkit/faults";
import { describe, expect, it } from "vitest";
import { startChat, type chat } from "./support/chat.ts";
import { independentMessagePack } from "./support/independent-msgpack.ts";
import { RawClient } from "./support/raw-client.ts";

type Chat = typeof chat;

const codec = independentMessagePack([
  ...Object.entries({ ...clientFrameShapes, ...serverFrameShapes }).map(
    ([type, { number }]) => [type, number] as const,
  ),
]);
const start = () => startChat({ codecs: [messagePackCodec] });

describe("a client that speaks MessagePack", () => {
  it("publishes, receives, reads history and calls, beside one that speaks JSON", async () => {
    await using chat = await start();
    const url = `${chat.url}/realtime`;
    await using binary = createClient<Chat>({ url, token: () => "ada" });
    await using text = createJsonClient<Chat>({ url, token: () => "bob" });
    const got: Record<"binary" | "text", string[]> = { binary: [], text: [] };
    const rooms = { binary: binary.channel("room", { roomId: "1" }), text: text.channel("room", { roomId: "1" }) };
    for (const who of ["binary", "text"] as const) {
      rooms[who].on("message", ({ text: words }) => got[who].push(words));
      await rooms[who].ready();
    }
    await rooms.binary.publish("message", { text: "grüße ✓" }, { until: "echo" });
    await rooms.text.publish("message", { text: "\u0000 two" }, { until: "echo" });
    const last = await rooms.binary.publish("message", { text: "x".repeat(4_000) }, { until: "echo" });
    await expect.poll(() => got.text.length).toBe(3);
    expect(got.binary).toEqual(got.text);
    expect(got.binary.slice(0, 2)).toEqual(["grüße ✓", "\u0000 two"]);
    const page = await rooms.binary.historyPage({ last: 2 });
    expect(page.entries.map(({ payload }) => payload)).toEqual([{ text: "\u0000 two" }, { text: "x".repeat(4_000) }]);
    expect(last.position?.[1]).toBe(3);
    expect(await binary.call("rename", { name: "Ada" })).toEqual({ name: "ADA" });
    await expect(binary.call("rename", { name: "x".repeat(21) })).rejects.toMatchObject({ code: 306 });
  });

  it("acknowledges in bytes: many times its window passes without a stop", async () => {
    await using chat = await start();
    const url = `${chat.url}/realtime`;
    await using sender = createJsonClient<Chat>({ url, token: () => "bob" });
    await using reader = createClient<Chat>({ url, token: () => "ada", windowCost: wireLimits.windowCostMin });
    const lengths: number[] = [];
    const room = reader.channel("room", { roomId: "wide" });
    room.on("message", ({ text }) => lengths.push(text.length));
    await room.ready();
    // Three bytes each in UTF-8, one in JSON's cost: a client that counted the wrong one would be stuck or thrown out.
    const text = "語".repeat(4_000);
    const sends = sender.channel("room", { roomId: "wide" });
    await Promise.all(Array.from({ length: 60 }, () => sends.publish("message", { text })));
    await expect.poll(() => lengths.length, { timeout: 5_000 }).toBe(60);
    expect(reader.state.name).toBe("online");
  });

  it("resumes after its connection broke", async () => {
    await using chat = await start();
    const url = `${chat.url}/realtime`;
    const network = faultTransport(
      nodeWebSocket(url, { clock: systemClock(), random: systemRandom(), codec: messagePackClientCodec }),
    );
    await using client = createClient<Chat>({ transport: network, token: () => "ada" });
    const room = client.channel("room", { roomId: "1" });
    const got: string[] = [];
    room.on("message", ({ text }) => got.push(text));
    await room.publish("message", { text: "before" }, { until: "echo" });
    network.kill();
    await room.publish("message", { text: "after" }, { until: "echo" });
    expect(got).toEqual(["before", "after"]);
  });

  it("speaks JSON with a server that does not", async () => {
    await using chat = await startChat();
    await using client = createClient<Chat>({ url: `${chat.url}/realtime`, token: () => "ada" });
    expect(await client.call("rename", { name: "Ada" })).toEqual({ name: "ADA" });
  });
});

describe("a server that speaks MessagePack", () => {
  it("speaks what comes first of what the client offers and it knows", async () => {
    await using chat = await start();
    const agreed = async (...protocols: string[]): Promise<string> => {
      await using client = await RawClient.connect(`${chat.url}/realtime`, { protocols });
      return client.socket.protocol;
    };
    expect(await agreed("heddle.v1.mp", "heddle.v1.json")).toBe("heddle.v1.mp");
    expect(await agreed("heddle.v1.json", "heddle.v1.mp")).toBe("heddle.v1.json");
    expect(await agreed("heddle.v9.mp", "heddle.v1.mp")).toBe("heddle.v1.mp");
  });

  it("takes several frames back to back, ignores those it does not know, and closes with 4406 on critical ones", async () => {
    await using chat = await start();
    await using client = await RawClient.greet(`${chat.url}/realtime`, { k: "ada" }, { codec });
    client.say({ t: "sub", r: 1, ch: "room/1", at: "live" }, { t: "99", r: 2 }, { t: "ping" });
    await client.next("pong");
    expect(client.frames.map(({ t }) => t).sort()).toEqual(expect.arrayContaining(["pong", "subd", "welcome"]));
    client.say({ t: "!128" });
    expect((await client.closed).code).toBe(4406);
  });

  it.each([
    ["text", "{}", 1003],
    ["no frame", Buffer.from([0x01]), 4400],
    ["half a frame", Buffer.from([0x92, 0x08]), 4400],
    ["an extension", Buffer.from([0x92, 0x08, 0x81, 0xa1, 0x78, 0xd4, 0x01, 0x00]), 4400],
    ["a length nobody sent", Buffer.from([0x92, 0x08, 0xdf, 0xff, 0xff, 0xff, 0xff]), 4400],
    [
      "a bottomless nest",
      Buffer.concat([Buffer.from([0x92, 0x08, 0x81, 0xa1, 0x78]), Buffer.alloc(60_000, 0x91)]),
      4400,
    ],
    ["a payload that is no JSON", Buffer.from([0x92, 0x04, 0x81, 0xa1, 0x64, 0xc4, 0x01, 0x7b]), 4400],
  ])("closes whoever sends %s", async (_, message, code) => {
    await using chat = await start();
    await using client = await RawClient.greet(`${chat.url}/realtime`, { k: "ada" }, { codec });
    client.socket.send(message);
    expect((await client.closed).code).toBe(code);
  });

  it("answers a frame over the limit with 303 and reads on", async () => {
    await using chat = await start();
    await using client = await RawClient.greet(`${chat.url}/realtime`, { k: "ada" }, { codec });
    client.say({ t: "pub", r: 1, ch: "room/1", e: "message", n: 1, pn: 0, d: { text: "語".repeat(65_536) } });
    expect(await client.answer(1)).toMatchObject({ t: "err", code: 303 });
    await client.settled();
  });
});

describe("the largest text a client sends", () => {
  // Three bytes a character in MessagePack, one unit in both.
  it.each([
    ["MessagePack", messagePackClientCodec],
    ["JSON", undefined],
  ])("in %s is taken by the server, and one character more is refused before it is sent", async (_, frameCodec) => {
    await using chat = await start();
    const link = { clock: systemClock(), random: systemRandom(), codec: frameCodec };
    const transport = nodeWebSocket(`${chat.url}/realtime`, link);
    await using client = createSmallest<Chat>({ transport, token: () => "keeper" });
    const vault = client.channel("vault");
    const framing = 120 + JSON.stringify({ ch: "vault", e: "note", d: "" }).length;
    const largest = "語".repeat(wireLimits.frameBytes - framing);
    expect((await vault.publish("note", largest)).position?.[1]).toBe(1);
    const tooMuch = vault.publish("note", `${largest}語`);
    await expect(tooMuch).rejects.toMatchObject({ code: 303, retryAfterMs: undefined });
    expect(chat.server.stats().counters?.errors).toBe(0);
  });
});
