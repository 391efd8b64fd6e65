// Plays the sample sessions of PROTOCOL.md against a real server, in both codecs: what the document shows is what is said.

import { readFileSync } from "node:fs";
import { clientFrameShapes, serverFrameShapes } from "@heddle/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { independentMessagePack } from "./support/independent-msgpack.ts";
import { openSampleServer, play, type SampleServer } from "./support/sample-server.ts";
import { sampleSessions } from "./support/sample-sessions.ts";

const document = readFileSync(new URL("../../packages/protocol/PROTOCOL.md", import.meta.url), "utf8");
const sessions = sampleSessions(document);
const numbers = [...Object.entries(clientFrameShapes), ...Object.entries(serverFrameShapes)].map(
  ([type, { number }]) => [type, number] as const,
);

describe.each([
  { name: "JSON", codec: undefined },
  { name: "MessagePack", codec: independentMessagePack(numbers) },
])("the sample sessions of PROTOCOL.md in $name", ({ codec }) => {
  let sample: SampleServer;

  beforeAll(async () => {
    sample = await openSampleServer();
  });
  afterAll(() => sample[Symbol.asyncDispose]());

  it("are there", () => expect(sessions.length).toBeGreaterThanOrEqual(3));

  it.each(sessions)("$title", async ({ lines }) => {
    await expect(play(sample.url, lines, codec)).resolves.toBe(lines.length);
  });
});
