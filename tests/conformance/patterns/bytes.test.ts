// Payloads of bytes over real sockets: in both codecs, by every client, through the log and back.

import { createServer, refuse, type HeddleServer } from "@heddle/server";
import { createClient as createJson } from "@heddle/client";
import { createClient as createBinary, nodeWebSocket } from "@heddle/client/msgpack";
import { createClient as createSmallest, historyPageOf, onBytes, publishBytes } from "@heddle/client/websocket";
import { systemClock, systemRandom } from "@heddle/base/system";
import { messagePackCodec } from "@heddle/protocol/msgpack";
import { bytes, channel, defineContract, volatile } from "@heddle/protocol/contract";
import { faultTransport } from "@heddle/testkit/faults";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { RawClient } from "../support/raw-client.ts";

const contract = defineContract({
  channels: {
    sketch: channel({
      params: { id: z.string() },
      events: { stroke: bytes({ max: 40_000 }), pointer: volatile(bytes({ max: 8 })), title: z.unknown() },
    }),
    camera: channel({ params: {}, events: { frame: bytes() }, slow: "latest", everyMs: 20 }),
  },
});
type Sketch = typeof contract;

async function start(): Promise<{ server: HeddleServer<Sketch>; url: string } & AsyncDisposable> {
  const auth = (token: string | undefined) => (token ? { user: token } : null);
  const server = createServer({ contract, auth, codecs: [messagePackCodec] });
  server.channel("sketch").on("stroke", (stroke) => {
    if (stroke[0] === 13) refuse("unlucky");
    return stroke[0] === 7 ? Uint8Array.of(77) : undefined;
  });
  const { url } = await server.listen({ port: 0, host: "127.0.0.1" });
  return { server, url: `${url}/realtime`, [Symbol.asyncDispose]: () => server.close() };
}

const every = Uint8Array.from({ length: 256 }, (_, value) => value);

describe("a payload of bytes", () => {
  it("arrives as it was given, live and from history, at clients of both codecs and the server", async () => {
    await using app = await start();
    const clients = [createJson, createBinary].map((create) => create<Sketch>({ url: app.url, token: () => "ada" }));
    const got = clients.map((): Uint8Array[] => []);
    const rooms = clients.map((client) => client.channel("sketch", { id: "1" }));
    for (const [index, room] of rooms.entries()) {
      room.on("stroke", (stroke) => got[index]?.push(stroke));
      await room.ready();
    }
    for (const room of rooms) await room.publish("stroke", every, { until: "echo" });
    await app.server.channel("sketch").publish({ id: "1" }, "stroke", new Uint8Array());
    const all = [every, every, new Uint8Array()];
    for (const each of got) await expect.poll(() => each).toEqual(all);
    for (const room of rooms) {
      const { entries } = await room.historyPage({ last: 10 });
      expect(entries.map(({ payload }) => payload)).toEqual(all);
    }
    const { events } = await app.server.channel("sketch").history({ id: "1" }, { last: 10 });
    expect(events.map(({ payload }) => payload)).toEqual(all);
    for (const client of clients) await client.close();
  });

  it("is not confused with what looks like it in JSON, and the other way round", async () => {
    await using app = await start();
    await using client = createJson<Sketch>({ url: app.url, token: () => "ada" });
    const room = client.channel("sketch", { id: "1" });
    await expect(room.publish("stroke", "AAAA" as never)).rejects.toMatchObject({ code: 306, why: /bytes wanted/ });
    await expect(room.publish("title", every)).rejects.toMatchObject({ code: 306, why: /a value wanted/ });
    await expect(room.publish("stroke", new Uint8Array(40_001))).rejects.toMatchObject({
      issues: [{ path: [], message: "40001 bytes given, at most 40000 wanted" }],
    });
  });

  it("passes the hook, which may refuse or replace it", async () => {
    await using app = await start();
    await using client = createJson<Sketch>({ url: app.url, token: () => "ada" });
    const room = client.channel("sketch", { id: "1" });
    await expect(room.publish("stroke", Uint8Array.of(13))).rejects.toMatchObject({ code: 306, why: "unlucky" });
    await room.publish("stroke", Uint8Array.of(7));
    expect((await room.historyPage({ last: 1 })).entries[0]?.payload).toEqual(Uint8Array.of(77));
  });

  it("is stored once when it is repeated, and other bytes under its number are refused", async () => {
    await using app = await start();
    await using raw = await RawClient.greet(app.url, { k: "ada" });
    const pub = (r: number, b: string) => ({ t: "pub", r, ch: "sketch/1", e: "stroke", n: 1, pn: 0, b }) as const;
    raw.say(pub(1, "AAAA"), pub(2, "AAAA"), pub(3, "AAAB"), pub(4, "no base64"));
    expect(await raw.answer(1)).toMatchObject({ t: "ok" });
    expect(await raw.answer(2)).toMatchObject({ t: "ok", dup: 1 });
    expect(await raw.answer(3)).toMatchObject({ code: 305 });
    expect(await raw.answer(4)).toMatchObject({ code: 301 });
  });

  it("is resumed behind a broken connection, and conflated where only the newest counts", async () => {
    await using app = await start();
    const network = faultTransport(nodeWebSocket(app.url, { clock: systemClock(), random: systemRandom() }));
    await using client = createJson<Sketch>({ transport: network, token: () => "ada", backoffMinMs: 10 });
    const strokes: number[] = [];
    const frames: number[] = [];
    const room = client.channel("sketch", { id: "1" });
    room.on("stroke", (stroke) => strokes.push(stroke[0] ?? -1));
    client.channel("camera").on("frame", (frame) => frames.push(frame[0] ?? -1));
    await Promise.all([room.ready(), client.channel("camera").ready()]);
    network.kill();
    const sketch = app.server.channel("sketch");
    for (const value of [1, 2, 3]) await sketch.publish({ id: "1" }, "stroke", Uint8Array.of(value));
    await expect.poll(() => strokes).toEqual([1, 2, 3]);
    const camera = app.server.channel("camera");
    await Promise.all([...every].map((value) => camera.publish({}, "frame", Uint8Array.of(value))));
    await expect.poll(() => frames.at(-1)).toBe(255);
    expect(frames.length).toBeLessThan(256);
  });

  it("is for the smallest client what it imports, volatile too", async () => {
    await using app = await start();
    const transport = nodeWebSocket(app.url, { clock: systemClock(), random: systemRandom() });
    await using client = createSmallest<Sketch>({ transport, token: () => "ada" });
    const room = client.channel("sketch", { id: "1" });
    const got: Uint8Array[] = [];
    onBytes(room, "stroke", (stroke) => void got.push(stroke));
    onBytes(room, "pointer", (pointer) => void got.push(pointer));
    await room.ready();
    await publishBytes(room, "stroke", every, { until: "echo" });
    await publishBytes(room, "pointer", Uint8Array.of(1, 2), { volatile: true });
    await expect.poll(() => got).toEqual([every, Uint8Array.of(1, 2)]);
    expect((await historyPageOf(room, { last: 1 })).entries[0]?.payload).toEqual(every);
  });
});
