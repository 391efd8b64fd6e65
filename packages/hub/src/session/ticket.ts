// Resume tickets: proof that somebody without the right to read history was subscribed from a position on, so that
// reconnecting does not need that right. Signed, bound to user and channel, kept by the client.

import { base64urlDecode, base64urlEncode, concatBytes, utf8Encode } from "@heddle/base";
import type { Pos } from "@heddle/protocol";
import type { Digest } from "../ports/index.ts";
import { isEqual } from "./identity.ts";

const epochBytes = 8;
const offsetBytes = 7;
const timeBytes = 4;
const macBytes = 12;
const bodyBytes = epochBytes + offsetBytes + timeBytes;

/** How long a ticket is valid. Milliseconds. */
export const ticketLifeMs = 7 * 86_400_000;

export interface TicketKeys {
  readonly digest: Digest;
  readonly clusterSecret: Uint8Array;
}

/** What a valid ticket says. */
export interface Ticket {
  readonly offset: number;
  /** Whether it is about the epoch with this name. */
  isOfEpoch(epoch: string): boolean;
}

/** A ticket for `owner` on `channel`, from the position of the first subscription on. */
export function issueTicket(keys: TicketKeys, owner: string, channel: string, from: Pos, wallMs: number): string {
  const body = new Uint8Array(bodyBytes);
  body.set(epochHash(keys, from.epoch));
  putInteger(body, epochBytes, offsetBytes, from.offset);
  putInteger(body, epochBytes + offsetBytes, timeBytes, Math.floor(wallMs / 1_000));
  return base64urlEncode(concatBytes([body, macOf(keys, owner, channel, body)]));
}

/** Undefined when the ticket is not ours, not theirs, not for this channel, or too old. */
export function readTicket(
  keys: TicketKeys,
  owner: string,
  channel: string,
  text: string,
  wallMs: number,
): Ticket | undefined {
  const bytes = base64urlDecode(text);
  if (bytes?.length !== bodyBytes + macBytes) return undefined;
  const body = bytes.subarray(0, bodyBytes);
  if (!isEqual(macOf(keys, owner, channel, body), bytes.subarray(bodyBytes))) return undefined;
  const issuedMs = getInteger(body, epochBytes + offsetBytes, timeBytes) * 1_000;
  if (wallMs - issuedMs > ticketLifeMs) return undefined;
  const hash = body.slice(0, epochBytes);
  return {
    offset: getInteger(body, epochBytes, offsetBytes),
    isOfEpoch: (epoch) => isEqual(epochHash(keys, epoch), hash),
  };
}

function macOf({ digest, clusterSecret }: TicketKeys, owner: string, channel: string, body: Uint8Array): Uint8Array {
  const message = concatBytes([utf8Encode(`ticket\0${owner}\0${channel}\0`), body]);
  return digest.hmacSha256(clusterSecret, message).subarray(0, macBytes);
}

const epochHash = ({ digest }: TicketKeys, epoch: string): Uint8Array =>
  digest.sha256(utf8Encode(epoch)).subarray(0, epochBytes);

function putInteger(bytes: Uint8Array, at: number, length: number, value: number): void {
  for (let index = length - 1, rest = value; index >= 0; index--, rest = Math.floor(rest / 256))
    bytes[at + index] = rest % 256;
}

function getInteger(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (const byte of bytes.subarray(at, at + length)) value = value * 256 + byte;
  return value;
}
