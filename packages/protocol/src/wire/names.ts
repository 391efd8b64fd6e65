// How a channel is named on the wire, and what a name may look like.

import { CodedError, utf8Encode } from "@heddle/base";
import { wireLimits } from "./limits.ts";

/** Names that begin with this belong to the server. */
export const serverNamePrefix = "$";

/** What a client calls its own user's channel; the server's name for it is `$user/<id>`. */
export const ownUserChannel = "$me";

/** The channel everybody is subscribed to when the contract has notices. */
export const everyoneChannel = "$all";

/** The log in which nodes write down whose tokens were taken back. */
export const revocationsChannel = "$revocations";

/** The server's name of a user's channel. @throws {CodedError} `option-invalid`, naming the `field`, when the id holds half a surrogate pair */
export const userChannel = (userId: string): string => `$user/${encoded("userId", userId)}`;

/** Whether notices can be addressed to this user: the id has to fit into a channel's name, and half a surrogate pair never does. */
export const isUserId = (user: unknown): user is string =>
  typeof user === "string" &&
  user !== "" &&
  !/\p{Surrogate}/u.test(user) &&
  isNameWithin(userChannel(user), wireLimits.channelNameBytes);

export const isServerName = (name: string): boolean => name.startsWith(serverNamePrefix);

/** Whether `text` fits into `bytesMax` bytes of UTF-8 and is not empty. */
export function isNameWithin(text: string, bytesMax: number): boolean {
  if (text.length === 0 || text.length > bytesMax) return false;
  return text.length * 3 <= bytesMax || utf8Encode(text).length <= bytesMax;
}

export const isChannelName = (text: string): boolean => isNameWithin(text, wireLimits.channelNameBytes);

/**
 * A channel's name: its key, then its parameters' values percent-encoded, in alphabetical order of the parameters'
 * names, joined by `/`. `channelName("room", { roomId: "a/b" })` is `room/a%2Fb`.
 *
 * @throws {CodedError} `option-invalid`; `field` names the parameter whose value holds half a surrogate pair and so has no UTF-8
 */
export function channelName(key: string, params: Readonly<Record<string, string | number>> = {}): string {
  const values = Object.keys(params)
    .sort()
    .map((name) => encoded(`params.${name}`, String(params[name])));
  return [key, ...values].join("/");
}

/**
 * Splits a name into its key and parameter values, in alphabetical order of the parameters' names. Undefined when a
 * value is not encoded the one way `channelName` does it: `%61` for `a`, a lower-case escape, a stray `%`.
 */
export function splitChannelName(
  name: string,
): { readonly key: string; readonly values: readonly string[] } | undefined {
  const [key = "", ...encodedValues] = name.split("/");
  try {
    const values = encodedValues.map(decodeURIComponent);
    // The second half also throws on half a surrogate pair, which decoding lets pass.
    return values.map(encodeURIComponent).join("/") === encodedValues.join("/") ? { key, values } : undefined;
  } catch {
    return undefined; // not UTF-8, before or behind the escapes
  }
}

function encoded(field: string, text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    throw Object.assign(new CodedError("option-invalid", `${field}: half a surrogate pair`), { field });
  }
}
