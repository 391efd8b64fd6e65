// Ours against the `ws` package over loopback, both ways round: what one sends in any shape, the other gets.

import { afterEach, describe, expect, it } from "vitest";
import { SeededRandom } from "@heddle/base/fakes";
import { settle } from "../testing/fake-socket.ts";
import { collectOurs, collectTheirs, digestOf, InteropPairs, sendInPieces, type Message } from "../testing/interop.ts";

const pairs = new InteropPairs();
afterEach(() => pairs.closeAll());

const alphabet = ["a", "Z", "é", "€", "𝄞", "\u0000", "\ufeff", "\ufffd", "日本"];

function randomMessage(dice: SeededRandom): Message {
  const size = dice.pick([0, 1, 10, 125, 126, 127, 1_000, 65_535, 65_536, 70_000, 300_000]);
  if (dice.chance(0.5)) return Buffer.alloc(size, dice.bytes(997)); // a prime, so that no power of two repeats
  let text = "";
  while (text.length < size) text += dice.pick(alphabet).repeat(dice.between(1, 200));
  return text;
}

describe.each([
  ["our server and a ws client", () => pairs.oursWithTheirClient(), 11],
  ["a ws server and our client", () => pairs.theirsWithOurClient(), 12],
])("%s", (_what, connect, seed) => {
  it("understand what ws sends, in any fragments, and close cleanly", async () => {
    const dice = new SeededRandom(seed);
    const [ours, theirs] = await connect();
    const sent = Array.from({ length: 100 }, () => randomMessage(dice));
    const got = collectOurs(ours, sent.length);
    const closed = collectTheirs(theirs, Infinity);
    for (const message of sent) sendInPieces(theirs, message, dice);
    const { messages, ending } = await got;
    expect(messages.map(digestOf), `seed ${seed}`).toEqual(sent.map(digestOf));
    expect(ending).toEqual([4000, "done", true]);
    expect((await closed).ending).toEqual([4000, "done"]);
  });

  it("agree on what we send, joined in turns, and close cleanly when ws does", async () => {
    const dice = new SeededRandom(seed + 100);
    const [ours, theirs] = await connect();
    const sent = Array.from({ length: 100 }, () => randomMessage(dice));
    const got = collectTheirs(theirs, sent.length);
    const closed = collectOurs(ours, Infinity);
    for (const message of sent) {
      if (typeof message === "string") ours.sendText(message);
      else ours.sendBinary(message);
      if (dice.chance(0.3)) await settle();
    }
    const { messages } = await got;
    expect(messages.map(digestOf), `seed ${seed}`).toEqual(sent.map(digestOf));
    expect((await closed).ending).toEqual([4000, "done", true]);
  });

  it("answer each other's pings", async () => {
    const [ours, theirs] = await connect();
    const pongs: string[] = [];
    const both = new Promise<void>((resolve) => {
      const add = (text: string): void => {
        if (pongs.push(text) === 2) resolve();
      };
      theirs.on("pong", (payload: Buffer) => add(`theirs ${payload.toString()}`));
      ours.start({ onText() {}, onBinary() {}, onClose() {}, onPong: (payload) => add(`ours ${payload.length}`) });
    });
    theirs.ping("x");
    ours.ping(new Uint8Array(125));
    await both;
    expect(pongs.toSorted()).toEqual(["ours 125", "theirs x"]);
    ours.terminate();
  });
});
