import { wireLimits } from "@heddle/protocol";
import { describe, expect, it } from "vitest";
import { openWorld, pub, sub, type FakeClient } from "../testing/fixture.ts";

const length = 16_384;
const textOf = (n: number, size: number, over: object = {}): string => JSON.stringify(pub(n, "x".repeat(size), over));

function piecesOf(r: number, text: string): object[] {
  const count = Math.ceil(text.length / length);
  return Array.from({ length: count }, (_, k) => ({
    ...{ t: "piece", r, k, s: text.slice(k * length, (k + 1) * length) },
    ...(k === count - 1 ? { z: 1 } : {}),
  }));
}

async function connected(limits = {}) {
  const world = await openWorld({ limits });
  const client = await world.connect({ hello: { f: ["pieces"] } });
  return { world, client };
}
const codes = (client: FakeClient): unknown[] => client.of("err").map(({ r, code }) => [r, code]);

describe("a frame in pieces", () => {
  it("is offered to a client that can, and its limit told", async () => {
    const { world, client } = await connected();
    expect(client.last("welcome")).toMatchObject({ f: ["pieces"], big: wireLimits.bigFrameLength });
    expect((await world.connect({ pid: "pid-0002" })).last("welcome").big).toBeUndefined();
  });

  it("is carried out when the last has come, each before it being acknowledged", async () => {
    const { client } = await connected();
    const pieces = piecesOf(1_001, textOf(1, 100_000));
    await client.say(sub(1), ...pieces.slice(0, -1));
    expect(client.of("taken")).toEqual(pieces.slice(0, -1).map((_, k) => ({ t: "taken", i: 1_001, k })));
    expect(client.payloads).toEqual([]);
    await client.say(...pieces.slice(-1));
    expect(client.payloads).toEqual(["x".repeat(100_000)]);
    expect(client.last("ok")).toMatchObject({ r: 1_001 });
    expect(client.of("taken")).toHaveLength(pieces.length - 1);
  });

  it("holds up no other frame, and the log has what was complete first", async () => {
    const { client } = await connected();
    const [first = {}, ...rest] = piecesOf(1_001, textOf(1, 100_000, { ch: "room/2" }));
    await client.say(sub(1), first, pub(2, "small", { pn: 0 }));
    expect(client.payloads).toEqual(["small"]);
    await client.say(...rest);
    expect(client.of("ok").map(({ r }) => r)).toEqual([1_002, 1_001]);
  });

  it("is refused when it is too long, and nothing else is", async () => {
    const { world, client } = await connected();
    const pieces = piecesOf(1_001, textOf(1, wireLimits.bigFrameLength));
    await client.say(...pieces, pub(2, "next", { pn: 0 }));
    expect(codes(client)).toEqual([[1_001, 303]]);
    expect(client.last("ok")).toMatchObject({ r: 1_002 });
    await client.say(...piecesOf(1_003, textOf(3, wireLimits.bigFrameLength - 200)));
    expect(client.last("ok")).toMatchObject({ r: 1_003 });
    expect(world.hub.connectionCount).toBe(1);
  });

  it("is given up when the next piece is late, or another frame begins", async () => {
    const { world, client } = await connected();
    const pieces = piecesOf(1_001, textOf(1, 50_000));
    await client.say(...pieces.slice(0, 2));
    await world.clock.advanceAsync(wireLimits.pieceMs - 1);
    expect(codes(client)).toEqual([]);
    await world.clock.advanceAsync(1);
    expect(codes(client)).toEqual([[1_001, 309]]);
    await client.say(...pieces.slice(2));
    expect(client.of("ok")).toEqual([]);
    await client.say(...pieces.slice(0, 2), ...piecesOf(1_002, textOf(2, 50_000, { pn: 0 })), ...pieces.slice(2));
    expect(client.of("ok").map(({ r }) => r)).toEqual([1_002]);
  });

  it("waits for others when the node holds too many, and its share is given back by whoever leaves", async () => {
    const { world, client } = await connected({ piecesLengthMax: wireLimits.bigFrameLength });
    const other = await world.connect({ pid: "pid-0002", hello: { f: ["pieces"] } });
    const most = piecesOf(1_001, textOf(1, wireLimits.bigFrameLength - 200)).slice(0, -1);
    await client.say(...most);
    await other.say(...piecesOf(1_001, textOf(1, 50_000)));
    expect(other.of("err")).toMatchObject([{ r: 1_001, code: 103, ms: 1_000 }]);
    await client.drop();
    await other.say(...piecesOf(1_001, textOf(1, 50_000)));
    expect(other.last("ok")).toMatchObject({ r: 1_001 });
  });

  it.each([
    ["text that is no JSON", "{"],
    ["a frame with another number", textOf(2, 10)],
    ["a frame that is no publish and no call", JSON.stringify({ t: "unsub", r: 1_001, ch: "room/1" })],
    ["a publish without its number", textOf(1, 10, { n: undefined })],
  ])("is refused as %s", async (_, text) => {
    const { client } = await connected();
    await client.say(...piecesOf(1_001, text));
    expect(codes(client)).toEqual([[1_001, 301]]);
  });

  it("is not torn by the rate limit once it has begun", async () => {
    const { client } = await connected({ bytesPerSecond: 1_000, bytesBurst: 20_000 });
    await client.say(...piecesOf(1_001, textOf(1, 100_000)));
    expect(client.last("ok")).toMatchObject({ r: 1_001 });
    await client.say(...piecesOf(1_002, textOf(2, 100_000)));
    expect(client.of("err")[0]).toMatchObject({ r: 1_002, code: 429 });
  });
});
