// Who a session is on the wire: the producer identity that nobody can choose, and the ticket that lets a session without
// a user id keep its identity over reconnects.

import { base64urlDecode, base64urlEncode, concatBytes, utf8Encode, type Random } from "@heddle/base";
import type { Digest } from "../ports/index.ts";

interface Keys {
  readonly digest: Digest;
  readonly clusterSecret: Uint8Array;
}

const identityBytes = 12;
const anonymousBytes = 16;
const anonymousMacBytes = 12;

/**
 * `x`: the first 12 bytes of HMAC-SHA-256(clusterSecret, owner ‖ 0 ‖ pid) in base64url. `owner` is the user id, or the
 * anonymous random, so that nobody can spoil another's publish numbers by guessing a pid.
 */
export function producerIdentity(keys: Keys, owner: string, pid: string): string {
  const message = concatBytes([utf8Encode(owner), new Uint8Array(1), utf8Encode(pid)]);
  return base64urlEncode(keys.digest.hmacSha256(keys.clusterSecret, message).subarray(0, identityBytes));
}

/** A fresh anonymous identity: 128 random bits and their signature. */
export function newAnonymousTicket(keys: Keys, random: Random): string {
  const id = random.bytes(anonymousBytes);
  return base64urlEncode(concatBytes([id, macOf(keys, id)]));
}

/** The owner named by a ticket of ours; undefined when it is not ours. */
export function anonymousOwner(keys: Keys, ticket: string): string | undefined {
  const bytes = base64urlDecode(ticket);
  if (bytes?.length !== anonymousBytes + anonymousMacBytes) return undefined;
  const id = bytes.subarray(0, anonymousBytes);
  if (!isEqual(macOf(keys, id), bytes.subarray(anonymousBytes))) return undefined;
  return `~${base64urlEncode(id)}`;
}

function macOf({ digest, clusterSecret }: Keys, id: Uint8Array): Uint8Array {
  return digest.hmacSha256(clusterSecret, concatBytes([utf8Encode("anonymous\0"), id])).subarray(0, anonymousMacBytes);
}

/** Compares in time that depends on the length alone. */
export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let index = 0; index < a.length && index < b.length; index++)
    difference |= (a[index] as number) ^ (b[index] as number);
  return difference === 0;
}
