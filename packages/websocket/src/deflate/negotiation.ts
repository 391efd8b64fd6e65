// How two sides agree on permessage-deflate (RFC 7692 §5, §7.1): reads and words offers and answers. No zlib, no sockets.

import { parseExtensions, type Extension } from "../handshake/header-lists.ts";
import type { DeflateOptions } from "./deflate-options.ts";

/** What was agreed, seen from our side. */
export interface DeflateTerms {
  /** LZ77 window our messages keep to, as a power of two. 8…15. */
  readonly windowBits: number;
  /** Whether our messages may refer back to earlier ones. */
  readonly contextTakeover: boolean;
  /** Window the peer's messages keep to. 8…15. */
  readonly peerWindowBits: number;
  /** Whether the peer's messages may refer back to earlier ones. */
  readonly peerContextTakeover: boolean;
}

const extensionName = "permessage-deflate";
const windowBitsMost = 15;

/** The four parameters of §7.1. `true` stands for a `client_max_window_bits` without a value, which only an offer may have. */
interface Parameters {
  server_no_context_takeover?: true;
  client_no_context_takeover?: true;
  server_max_window_bits?: number;
  client_max_window_bits?: number | true;
}

/**
 * The server's choice: the first offer that is well formed (§5.1); each of those can be met. Others are declined, as
 * §7.1 asks.
 *
 * @param offered  what the client's Sec-WebSocket-Extensions says
 * @returns the terms, and the header's value that says so; undefined declines all
 */
export function acceptDeflate(
  offered: readonly Extension[],
  options: Required<DeflateOptions>,
): { readonly terms: DeflateTerms; readonly answer: string } | undefined {
  for (const { name, parameters } of offered) {
    if (name !== extensionName) continue;
    const offer = readParameters(parameters);
    if (typeof offer === "object") return answerTo(offer, options);
  }
  return undefined;
}

function answerTo(offer: Parameters, options: Required<DeflateOptions>): { terms: DeflateTerms; answer: string } {
  const answer: Parameters = {};
  // §7.1.1.1: what the client asks must be met; we may say so unasked. §7.1.1.2: what the client hints may be used.
  if (offer.server_no_context_takeover === true || !options.contextTakeover) answer.server_no_context_takeover = true;
  if (offer.client_no_context_takeover === true || !options.peerContextTakeover) {
    answer.client_no_context_takeover = true;
  }
  // §7.1.2.1: the same or smaller. Unasked it saves the client memory.
  const windowBits = Math.min(offer.server_max_window_bits ?? windowBitsMost, options.windowBits);
  if (offer.server_max_window_bits !== undefined || windowBits < windowBitsMost) {
    answer.server_max_window_bits = windowBits;
  }
  // §7.1.2.2: only a client that offers this one can be told; another may use the largest, which we can always read.
  let peerWindowBits = windowBitsMost;
  if (offer.client_max_window_bits !== undefined) {
    const hinted = offer.client_max_window_bits === true ? windowBitsMost : offer.client_max_window_bits;
    peerWindowBits = Math.min(hinted, options.peerWindowBits);
    if (peerWindowBits < windowBitsMost) answer.client_max_window_bits = peerWindowBits;
  }
  const terms = {
    windowBits,
    contextTakeover: answer.server_no_context_takeover !== true,
    peerWindowBits,
    peerContextTakeover: answer.client_no_context_takeover !== true,
  };
  return { terms, answer: wordsOf(answer) };
}

/** The client's offer, as the value of Sec-WebSocket-Extensions. */
export function offerText(options: Required<DeflateOptions>): string {
  const { windowBits, peerWindowBits } = options;
  return wordsOf({
    ...(options.peerContextTakeover ? {} : { server_no_context_takeover: true }),
    ...(options.contextTakeover ? {} : { client_no_context_takeover: true }),
    ...(peerWindowBits < windowBitsMost ? { server_max_window_bits: peerWindowBits } : {}),
    client_max_window_bits: windowBits < windowBitsMost ? windowBits : true,
  });
}

/**
 * Judges the server's answer to `offerText(options)`.
 *
 * @returns the terms, or what is wrong, for which the connection is to be failed (§5.1, §7.1)
 */
export function readAnswer(value: string, options: Required<DeflateOptions>): DeflateTerms | string {
  const extensions = parseExtensions(value);
  if (extensions === undefined) return "Sec-WebSocket-Extensions breaks its grammar"; // RFC 6455 §9.1
  const stranger = extensions.find(({ name }) => name !== extensionName);
  if (stranger !== undefined) return `extension ${stranger.name} was not offered`;
  const [extension, second] = extensions;
  if (extension === undefined || second !== undefined) return `${extensionName} was offered once and accepted twice`;
  const answer = readParameters(extension.parameters);
  if (typeof answer === "string") return answer;

  const { client_max_window_bits: ourBits = windowBitsMost, server_max_window_bits: peerBits } = answer;
  if (ourBits === true) return "client_max_window_bits needs a value in an answer"; // §7.1.2.2
  if (options.peerWindowBits < windowBitsMost && !(peerBits !== undefined && peerBits <= options.peerWindowBits)) {
    return "server_max_window_bits above the one asked for"; // §7.1.2.1
  }
  if (!options.peerContextTakeover && answer.server_no_context_takeover !== true) {
    return "server_no_context_takeover was asked for and is missing"; // §7.1.1.1
  }
  return {
    windowBits: Math.min(ourBits, options.windowBits), // §7.1.2.2: a server may ignore our hint and allow more
    contextTakeover: options.contextTakeover && answer.client_no_context_takeover !== true,
    peerWindowBits: peerBits ?? windowBitsMost,
    peerContextTakeover: answer.server_no_context_takeover !== true,
  };
}

/** The parameters of one offer or answer, or what is wrong with them: unknown, twice, or a value that cannot be (§7.1). */
function readParameters(given: Extension["parameters"]): Parameters | string {
  const read: Parameters = {};
  for (const [name, value] of given) {
    if (Object.hasOwn(read, name)) return `${name} comes twice`;
    switch (name) {
      case "server_no_context_takeover":
      case "client_no_context_takeover":
        if (value !== true) return `${name} takes no value`;
        read[name] = true;
        break;
      case "server_max_window_bits":
      case "client_max_window_bits": {
        const bits = value === true ? true : windowBitsOf(value);
        if (bits === undefined || (bits === true && name === "server_max_window_bits")) return `${name} is not 8 to 15`;
        // After the line above `true` is left for the client's alone.
        if (bits === true) read.client_max_window_bits = bits;
        else read[name] = bits;
        break;
      }
      default:
        return `${name} is no parameter of ${extensionName}`;
    }
  }
  return read;
}

/** §7.1.2: a decimal number from 8 to 15 without leading zeros. */
const windowBitsOf = (text: string): number | undefined => (/^(?:[89]|1[0-5])$/.test(text) ? Number(text) : undefined);

function wordsOf(parameters: Parameters): string {
  const words = Object.entries(parameters).map(([name, value]) => (value === true ? name : `${name}=${String(value)}`));
  return [extensionName, ...words].join("; ");
}
