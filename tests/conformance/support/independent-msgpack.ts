// Frames as MessagePack by somebody else's library and PROTOCOL.md alone: what ours writes must be read by it, and the other
// way round.

import { decode, decodeMulti, encode } from "@msgpack/msgpack";
import type { RawCodec, RawFrame } from "./raw-client.ts";

/** Types and numbers of frames, of both directions. */
export type Numbers = Iterable<readonly [type: string, number: number]>;

/** @param numbers  frames it knows; another is `!<number>` or `<number>` */
export function independentMessagePack(numbers: Numbers): RawCodec {
  const numberOf = new Map(numbers);
  const typeOf = new Map([...numberOf].map(([type, number]) => [number, type]));
  return {
    subprotocol: "heddle.v1.mp",
    encode: (frames) =>
      Buffer.concat(
        frames.map((frame) => {
          const { t, ...keys } = frame as RawFrame;
          return encode([numberOf.get(t) ?? Number(t.replace("!", "")), written(keys)]);
        }),
      ),
    decode: (message) =>
      [...decodeMulti(message)].map((frame) => {
        const [number, keys] = frame as [number, Record<string, unknown>];
        return { ...(read(keys) as object), t: typeOf.get(number) ?? String(number) };
      }),
  };
}

/** `[number, keys]` as the bytes of one frame say, payloads being what they are. */
export const rawFrame = (bytes: Uint8Array): unknown => decode(bytes);

const isPayload = (key: string): boolean => key === "d" || key === "snap";

function written(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(written);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      isPayload(key)
        ? Buffer.from(JSON.stringify(inner))
        : key === "b" && typeof inner === "string"
          ? Buffer.from(inner, "base64")
          : written(inner),
    ]),
  );
}

function read(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(read);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (!(inner instanceof Uint8Array)) return [key, read(inner)];
      return [
        key,
        isPayload(key) ? (JSON.parse(Buffer.from(inner).toString()) as unknown) : Buffer.from(inner).toString("base64"),
      ];
    }),
  );
}
