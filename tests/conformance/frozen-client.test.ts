// A client of version 1.0, made of its frozen vectors alone: the numbers of its frames, what it says and what it expects.
// However the server grows, this client goes on working.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { independentMessagePack, rawFrame } from "./support/independent-msgpack.ts";
import type { RawFrame } from "./support/raw-client.ts";
import { openSampleServer, play, type SampleServer } from "./support/sample-server.ts";
import { lineOf } from "./support/sample-sessions.ts";

const read = (file: string): unknown =>
  JSON.parse(
    readFileSync(new URL(`../../packages/protocol/vectors/frozen/v1.0/${file}.json`, import.meta.url), "utf8"),
  ) as unknown;

const vectors = [...(read("client-frames") as Vector[]), ...(read("server-frames") as Vector[])];
interface Vector {
  readonly json: string;
  readonly mp: string;
}
const numbers = vectors.map(({ json, mp }): readonly [string, number] => {
  const [number] = rawFrame(Buffer.from(mp, "hex")) as [number, object];
  return [(JSON.parse(json) as RawFrame).t, number];
});
const sessions = read("sessions") as readonly { readonly title: string; readonly lines: readonly string[] }[];

describe.each([
  { name: "JSON", codec: undefined },
  { name: "MessagePack", codec: independentMessagePack(numbers) },
])("a client of version 1.0 in $name", ({ codec }) => {
  let sample: SampleServer;

  beforeAll(async () => {
    sample = await openSampleServer();
  });
  afterAll(() => sample[Symbol.asyncDispose]());

  it("has sessions to play", () => expect(sessions.length).toBe(3));

  it.each(sessions)("can $title", async ({ lines }) => {
    await expect(play(sample.url, lines.map(lineOf), codec)).resolves.toBe(lines.length);
  });
});
