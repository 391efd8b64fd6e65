// The vectors: every frame in both codecs, as other implementations can use them. The frozen ones are what an old client
// or server says; they are never changed, and whatever comes later must read them.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { base64Decode, utf8Encode } from "@heddle/base";
import { decode } from "@msgpack/msgpack";
import { describe, expect, it } from "vitest";
import {
  clientFrameShapes,
  jsonCodec,
  parseClientFrame,
  parseServerFrame,
  serverFrameShapes,
  type ServerFrame,
} from "./wire/index.ts";
import { messagePackClientCodec, messagePackCodec } from "./wire/msgpack/index.ts";

interface Vector {
  readonly name: string;
  /** The frame as JSON text. */
  readonly json: string;
  /** The frame as MessagePack, in hexadecimal digits. */
  readonly mp: string;
}

const fileOf = (path: string): Buffer => readFileSync(new URL(`../vectors/${path}`, import.meta.url));
const vectorsOf = (path: string): Vector[] => JSON.parse(fileOf(path).toString()) as Vector[];
const typesOf = (vectors: readonly Vector[]): string[] => [
  ...new Set(vectors.map(({ json }) => (JSON.parse(json) as { t: string }).t)),
];
const bytesOf = ({ mp }: Vector): Uint8Array => new Uint8Array(Buffer.from(mp, "hex"));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const valueOf = ({ json }: Vector): unknown => JSON.parse(json) as unknown;

const client = vectorsOf("client-frames.json");
const server = vectorsOf("server-frames.json");

describe("the vectors", () => {
  it("hold every type of frame and every key", () => {
    for (const [vectors, shapes] of [
      [client, clientFrameShapes],
      [server, serverFrameShapes],
    ] as const) {
      expect(typesOf(vectors).sort()).toEqual(Object.keys(shapes).sort());
      const shown = (type: string): string[] =>
        vectors
          .map(valueOf)
          .flatMap((frame) => ((frame as { t: string }).t === type ? Object.keys(frame as object) : []));
      for (const [type, { keys }] of Object.entries(shapes))
        expect({ type, keys: shown(type) }).toEqual({
          type,
          keys: expect.arrayContaining(Object.keys(keys)) as string[],
        });
    }
  });

  it("are read by somebody else's library as the numbers and keys of the table", () => {
    for (const [vectors, shapes] of [
      [client, clientFrameShapes],
      [server, serverFrameShapes],
    ] as const) {
      const numbers: Readonly<Record<string, { readonly number: number }>> = shapes;
      for (const vector of vectors) {
        const { t, ...keys } = valueOf(vector) as { t: string };
        const [number, map] = decode(bytesOf(vector)) as [number, object];
        expect(number).toBe(numbers[t]?.number);
        expect(Object.keys(map)).toEqual(Object.keys(keys));
      }
    }
  });
});

describe("a client's frame", () => {
  it.each(client)("$name is written as it stands there", (vector) => {
    expect(hexOf(messagePackClientCodec.encode(vector.json))).toBe(vector.mp);
  });
});

describe("a server's frame", () => {
  it.each(server)("$name is written as it stands there", (vector) => {
    const frame = valueOf(vector) as ServerFrame;
    expect(hexOf(messagePackCodec.encode(frame).bytes)).toBe(vector.mp);
    expect(Buffer.from(jsonCodec.encode(frame).bytes).toString()).toBe(vector.json);
  });

  it.each(server.filter(({ name }) => name.startsWith("m")))("$name is written so from what a log stores", (vector) => {
    const {
      c,
      o,
      g,
      p,
      e = "",
      i = "",
      key = "",
      ts = 0,
      u = "",
      tp = "",
      d,
      b,
    } = valueOf(vector) as Extract<ServerFrame, { t: "m" }>;
    const pos = o === undefined ? {} : { pos: { epoch: "E", offset: o, tag: g as number }, prevOffset: p ?? o - 1 };
    const payload =
      b === undefined
        ? ({ kind: "json", data: utf8Encode(JSON.stringify(d)) } as const)
        : ({ kind: "bytes", data: base64Decode(b) as Uint8Array } as const);
    const body = { ...pos, event: e, id: i, key, ts, user: u, traceparent: tp, ...payload };
    expect(hexOf(messagePackCodec.publication(c, body).bytes)).toBe(vector.mp);
    expect(Buffer.from(jsonCodec.publication(c, body).bytes).toString()).toBe(vector.json);
  });
});

describe.each(["", "frozen/v1.0/"])("what stands in vectors/%s", (folder) => {
  it.each(vectorsOf(`${folder}client-frames.json`))("is read by a server in both codecs: $name", (vector) => {
    const value = valueOf(vector);
    expect(jsonCodec.decode(vector.json)).toEqual([{ value, cost: vector.json.length }]);
    const wideBytes = utf8Encode(vector.json).length - vector.json.length;
    expect(messagePackCodec.decode(bytesOf(vector))).toEqual([{ value, cost: vector.mp.length / 2 - wideBytes }]);
    expect(parseClientFrame(value)).toEqual({ is: "frame", frame: value });
  });

  it.each(vectorsOf(`${folder}server-frames.json`))("is read by a client in both codecs: $name", (vector) => {
    const value = valueOf(vector);
    expect(parseServerFrame(value)).toBe(value);
    const [frame] = messagePackClientCodec.decode(bytesOf(vector));
    expect(JSON.parse(frame?.text ?? "")).toEqual(value);
    expect(frame?.cost).toBe(vector.mp.length / 2);
  });
});

describe("what is frozen", () => {
  it.each([
    ["client-frames.json", "2a3bc467db3ca6cce9e520df1d0be3737cd9e021731dee673f8c3b6a85bb3a99"],
    ["server-frames.json", "f5b89a1078da33e51c402d2f04e42f8f2abf6ba1c55355f7a3d9894b2629593b"],
    ["sessions.json", "33033cfb59f0a8377fdf0a2942a43527cccdc5a69f5a4afa6a6b85f45671aa8f"],
  ])("stays as it was published: v1.0/%s", (file, hash) => {
    expect(
      createHash("sha256")
        .update(fileOf(`frozen/v1.0/${file}`))
        .digest("hex"),
    ).toBe(hash);
  });
});
