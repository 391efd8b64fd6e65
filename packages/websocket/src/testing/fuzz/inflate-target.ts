// Our reader of compressed messages against the one of `ws`, and what it costs: bad DEFLATE may take no more than good.

import { inflateRawSync } from "node:zlib";
import type { SeededRandom } from "@heddle/base/fakes";
import { DeflateKit } from "../../deflate/deflate-kit.ts";
import { deflateDefaults } from "../../deflate/deflate-options.ts";
import type { MessageCodec } from "../../deflate/zlib-codec.ts";
import { readDeflate } from "../read-deflate.ts";
import { compareStories, frameDifferences, messagesUntil, type Difference, type Parting } from "./compare-readers.ts";
import { cutsOf } from "./frames-target.ts";
import { compressedStream } from "./inflate-stream.ts";
import { tellOurs, tellTheirs, theirDeflate, type Told } from "./readers.ts";
import type { FuzzTarget } from "./target.ts";

const nothing = Buffer.alloc(0);
const isFailure = (told: Told | undefined, codes: string): boolean =>
  told !== undefined && new RegExp(`^fail (?:${codes})$`).test(told.what);
const isMessage = ({ what }: Told): boolean => /^(?:text|binary)/.test(what);

/** The payloads of compressed messages up to where the two part; that is in the last one, if it is compressed. */
const payloadsOf = ({ ours, theirs, input, keyBytes }: Parting): Buffer[] =>
  messagesUntil(input, Math.max(ours?.at ?? 0, theirs?.at ?? 0), keyBytes)
    .filter(({ first }) => (first & 0x40) !== 0)
    .map(({ payload }) => payload);

/** Whether a reader that is not zlib's finds no end to it either. */
function endsEarly(payload: Buffer): boolean {
  try {
    readDeflate(payload.at(-1) === 0xff ? payload.subarray(0, -4) : payload); // it adds those four
    return false;
  } catch {
    return true; // past the end, or what we add for the end makes no sense there
  }
}

/** Whether one of the payloads has a block with BFINAL and more behind it. */
function hasFinalBlock(payloads: readonly Buffer[]): boolean {
  let window = Buffer.alloc(0);
  return payloads.some((payload) => {
    const whole = Buffer.concat([payload, Buffer.from("0000ffff0300", "hex")]);
    try {
      const { buffer, engine } = inflateRawSync(whole, { info: true, dictionary: window }) as unknown as {
        readonly buffer: Buffer;
        readonly engine: { readonly bytesWritten: number };
      };
      window = Buffer.concat([window, buffer]).subarray(-(2 ** 15));
      return engine.bytesWritten < whole.length;
    } catch {
      return false; // it does not get there
    }
  });
}

/** Differences in reading compressed messages. */
export const inflateDifferences: readonly Difference[] = [
  {
    name: "inflated when complete",
    reason: "We inflate a message once its last frame is there, ws each frame as it comes.",
    explains: ({ ours, theirs, ourRest }) =>
      isFailure(theirs, "1007|1009") &&
      (ours === undefined || ours.at > (theirs?.at ?? Infinity)) &&
      !ourRest.some(isMessage),
  },
  {
    name: "empty payload",
    reason:
      "Some senders make nothing of an empty message, and so do we. ws adds four bytes, which spoil the next one.",
    explains: (parting) => payloadsOf(parting).some((payload) => payload.length === 0),
  },
  {
    name: "behind a final block",
    reason: "A block with BFINAL ends neither message nor window (RFC 7692 §7.2.3.4). For ws it ends both.",
    explains: (parting) => hasFinalBlock(payloadsOf(parting)),
  },
  {
    name: "nothing removed",
    reason: "A payload that still ends in 00 00 FF FF is complete. ws adds those again, which spoils the next message.",
    explains: (parting) =>
      parting.theirs !== undefined && payloadsOf(parting).some((payload) => payload.at(-1) === 0xff),
  },
  {
    name: "data that ends early",
    reason:
      "A payload that stops inside a block is broken: 1007, unless what we add happens to complete the block. ws " +
      "delivers what there is.",
    explains: (parting) =>
      (parting.ours?.why === "compressed message is broken" ||
        (parting.ours !== undefined && isMessage(parting.ours))) &&
      parting.theirs?.at === parting.ours.at &&
      isMessage(parting.theirs) &&
      endsEarly(payloadsOf(parting).at(-1) ?? nothing),
  },
  {
    name: "both broken and too big",
    reason: "Which of the two is said depends on how much zlib makes before it stops.",
    explains: ({ ours, theirs }) =>
      ours?.at === theirs?.at && ours?.why === "compressed message is broken" && isFailure(theirs, "1009"),
  },
];

/** A target that compares what `codec` inflates with ws. */
export const inflateTarget = (codec: MessageCodec): FuzzTarget => ({
  name: "inflate",
  plan(random: SeededRandom) {
    const agreed = { role: random.pick(["server", "client"] as const), takeover: random.chance(0.5) };
    const limits = { role: agreed.role, maxMessageBytes: random.pick([100, 1_000, 10_000, 10_000]), maxFragments: 100 };
    const parts = compressedStream(random, agreed);
    const cuts = random.fork();
    const kit = new DeflateKit(deflateDefaults, codec);
    const tell = (input: Uint8Array, pieceBytes: () => number): Told[] =>
      tellOurs(input, limits, pieceBytes, kit.connect(termsOf(agreed.takeover)).inflater);
    return {
      setting: JSON.stringify({ ...limits, takeover: agreed.takeover }),
      parts,
      async judge(input) {
        const before = process.memoryUsage();
        const ours = tell(input, () => 1);
        const after = process.memoryUsage();
        const tookBytes = after.arrayBuffers - before.arrayBuffers;
        if (tookBytes > takesBytesMax)
          return { outcome: "memory", flaw: `${tookBytes} bytes taken for ${input.length}` };
        const deflate = theirDeflate(limits);
        const parameter = agreed.role === "server" ? "client_no_context_takeover" : "server_no_context_takeover";
        deflate.accept([agreed.takeover ? {} : { [parameter]: [true] }]);
        const stories = {
          ours,
          cuts: cutsOf(input, cuts).map((pieceBytes) => tell(input, pieceBytes)),
          theirs: await tellTheirs(input, limits, deflate),
        };
        deflate.cleanup();
        return compareStories(input, limits, stories, [...frameDifferences, ...inflateDifferences]);
      },
    };
  },
});

/** More than all messages of an input, gathered, inflated and copied, and far less than a bomb. */
const takesBytesMax = 2 ** 21;

const termsOf = (takeover: boolean) => ({
  ...{ windowBits: 15, contextTakeover: false, peerWindowBits: 15, peerContextTakeover: takeover },
});
