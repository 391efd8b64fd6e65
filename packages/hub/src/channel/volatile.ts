// How a volatile event travels between nodes: a JSON line about it, then its payload.

import { concatBytes, utf8Decode, utf8Encode } from "@heddle/base";
import type { PublicationBody } from "@heddle/protocol";

export const volatileTopic = (channel: string): string => `v/${channel}`;

const newline = 0x0a;

export function encodeVolatile(body: PublicationBody): Uint8Array {
  const { event, id, user, traceparent, kind, data } = body;
  return concatBytes([utf8Encode(`${JSON.stringify([event, id, user, traceparent, kind])}\n`), data]);
}

/** The event of a body that a node of ours made. */
export function decodeVolatile(bytes: Uint8Array): PublicationBody {
  const end = bytes.indexOf(newline);
  const [event, id, user, traceparent, kind] = JSON.parse(utf8Decode(bytes.subarray(0, end))) as [
    string,
    string,
    string,
    string,
    PublicationBody["kind"],
  ];
  return { event, id, user, traceparent, key: "", ts: 0, kind, data: bytes.subarray(end + 1) };
}
