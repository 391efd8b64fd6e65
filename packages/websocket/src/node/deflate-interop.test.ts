// Compression between ours and the `ws` package, both ways round, under every mix of the four parameters.

import { afterEach, describe, expect, it } from "vitest";
import { SeededRandom } from "@heddle/base/fakes";
import type { DeflateOptions } from "../deflate/deflate-options.ts";
import { settle } from "../testing/fake-socket.ts";
import {
  collectOurs,
  collectTheirs,
  digestOf,
  InteropPairs,
  sendInPieces,
  type Message,
  type PairOptions,
} from "../testing/interop.ts";

const pairs = new InteropPairs();
afterEach(() => pairs.closeAll());

const words = ["price", "room", "message", "é€𝄞", '{"id":', "0", "1", "42", "\u0000", "日本"];

/** Mostly text with much to compress, some without, in sizes about those of the windows. */
function randomMessage(dice: SeededRandom): Message {
  const size = dice.pick([0, 1, 100, 256, 300, 1_000, 4_096, 20_000, 40_000]);
  if (dice.chance(0.2)) return Buffer.from(dice.bytes(size));
  const some = Array.from({ length: 30 }, () => dice.pick(words) + dice.pick(words) + String(dice.between(0, 99)));
  let text = "";
  while (text.length < size) text += dice.pick(some);
  return dice.chance(0.5) ? text : Buffer.from(text);
}

const onOff = [false, true];
const allBits = [8, 9, 10, 11, 12, 13, 14, 15];

/** [our options, theirs]: takeover of each direction as each side wants it, over all windows. */
function mixes(role: "server" | "client"): [DeflateOptions, PairOptions["theirs"]][] {
  const made: [DeflateOptions, PairOptions["theirs"]][] = [];
  let turn = 0;
  for (const contextTakeover of onOff) {
    for (const peerContextTakeover of onOff) {
      for (const theirTakeover of onOff) {
        for (const windowBits of allBits) {
          const peerWindowBits = allBits[(turn++ * 3) % 8] as number;
          const [serverMaxWindowBits, clientMaxWindowBits] =
            role === "server" ? [windowBits, peerWindowBits] : [peerWindowBits, windowBits];
          made.push([
            { contextTakeover, peerContextTakeover, windowBits, peerWindowBits, thresholdBytes: 0 },
            {
              // ws offers no_context_takeover for what is true, and leaves it to the other side for undefined.
              ...(theirTakeover ? {} : { serverNoContextTakeover: true, clientNoContextTakeover: true }),
              ...(turn % 3 === 0 ? {} : { serverMaxWindowBits, clientMaxWindowBits }),
              threshold: 0,
            },
          ]);
        }
      }
    }
  }
  return made;
}

const roles = [
  ["our server and a ws client", "server", 41],
  ["a ws server and our client", "client", 42],
] as const;

describe.each(roles)("%s", (_what, role, seed) => {
  const connect = (options: PairOptions) =>
    role === "server" ? pairs.oursWithTheirClient(options) : pairs.theirsWithOurClient(options);

  it("understand each other's messages, in fragments or not, under every mix of parameters", async () => {
    const dice = new SeededRandom(seed);
    const seen = { messages: 0, takeovers: 0, peerTakeovers: 0, windows: new Set<number>() };
    for (const [ours, theirs] of mixes(role)) {
      const told = JSON.stringify({ seed, ours, theirs });
      const [connection, socket] = await connect({ ours, theirs: theirs as object });
      const terms = connection.deflate;
      expect(terms, `under ${told}`).toBeDefined();
      const toOurs = Array.from({ length: 16 }, () => randomMessage(dice));
      const toTheirs = Array.from({ length: 16 }, () => randomMessage(dice));
      const gotOurs = collectOurs(connection, Infinity);
      const gotTheirs = collectTheirs(socket, toTheirs.length);
      for (const message of toOurs) sendInPieces(socket, message, dice);
      await new Promise((resolve) => socket.once("pong", resolve).ping()); // behind the messages
      for (const message of toTheirs) {
        if (typeof message === "string") connection.sendText(message);
        else connection.sendBinary(message);
        if (dice.chance(0.3)) await settle();
      }
      expect((await gotTheirs).messages.map(digestOf), `under ${told}`).toEqual(toTheirs.map(digestOf));
      expect((await gotOurs).messages.map(digestOf), `under ${told}`).toEqual(toOurs.map(digestOf));
      expect((await gotOurs).ending, `under ${told}`).toEqual([4000, "done", true]);
      seen.messages += toOurs.length + toTheirs.length;
      if (terms?.contextTakeover === true) seen.takeovers++;
      if (terms?.peerContextTakeover === true) seen.peerTakeovers++;
      seen.windows.add(terms?.windowBits as number).add(terms?.peerWindowBits as number);
    }
    expect(seen.messages).toBeGreaterThanOrEqual(1_000);
    expect(seen.takeovers).toBeGreaterThan(10);
    expect(seen.peerTakeovers).toBeGreaterThan(10);
    expect(seen.windows).toEqual(new Set(allBits));
  }, 60_000);

  it("have no compression unless both want it", async () => {
    for (const options of [{ ours: {} }, { theirs: true }]) {
      const [connection, socket] = await connect(options);
      expect(connection.deflate).toBeUndefined();
      expect(socket.extensions).toBe("");
      const got = collectTheirs(socket, 1);
      void collectOurs(connection, Infinity);
      connection.sendText("x".repeat(5_000));
      expect((await got).messages).toEqual(["x".repeat(5_000)]);
    }
  });

  it("take empty messages behind others, in empty fragments too, which zlib flushes to nothing", async () => {
    const [connection, socket] = await connect({
      ours: { contextTakeover: true, peerContextTakeover: true, thresholdBytes: 0 },
      theirs: { threshold: 0 },
    });
    const got = collectOurs(connection, 6);
    for (const message of ["first", "", "", "last"]) socket.send(message);
    socket.send("in ", { fin: false });
    socket.send("parts", { fin: false });
    socket.send("", { fin: true });
    socket.send("", { fin: false });
    socket.send("", { fin: true });
    expect((await got).messages).toEqual(["first", "", "", "last", "in parts", ""]);
  });

  it("end with 1009 when one sends a bomb", async () => {
    const [connection, socket] = await connect({ ours: {}, theirs: true });
    const got = collectOurs(connection, Infinity);
    const closed = collectTheirs(socket, Infinity);
    socket.send(Buffer.alloc(10 * 2 ** 20));
    const over = "message over 1048576 bytes once inflated";
    expect(await got).toEqual({ messages: [], ending: [1009, over, false] });
    expect((await closed).ending).toEqual([1009, over]);
  });
});
