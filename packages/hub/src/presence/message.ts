// What nodes tell each other about who is in a channel. A body is one JSON text; bodies come from nodes of ours alone.

import { utf8Decode, utf8Encode } from "@heddle/base";
import type { NodeId } from "../ports/index.ts";
import type { Entry, Gone } from "./members.ts";

/** Everything a node says about a channel of its own: heard by all nodes that hold the channel. */
export const presenceTopic = (channel: string): string => `p/${channel}`;
/** What is meant for one node alone, about any channel. */
export const presenceTopicOf = (node: NodeId): string => `p@${node}`;

/** A state of a map: which object wrote it, and how often it has changed. */
export type Version = readonly [inc: string, v: number];

export type Told =
  /** What changed. `from` is the version before: whoever knows another one has missed something. */
  | {
      readonly is: "diff";
      readonly inc: string;
      readonly from: number;
      readonly to: number;
      readonly add: readonly Entry[];
      readonly del: readonly string[];
      readonly gone: readonly Gone[];
    }
  /** The version now. With `ask`, everybody whose version differs from the one named there sends its map. */
  | { readonly is: "digest"; readonly at: Version; readonly ask?: Readonly<Record<NodeId, Version>> }
  /** The node gives the channel up. Its members may be about to enter elsewhere. */
  | { readonly is: "bye"; readonly inc: string };

export type ToldToOne =
  | { readonly is: "want"; readonly ch: string }
  /** A whole map, in pieces. `at` [“”, 0]: the node has none. */
  | {
      readonly is: "map";
      readonly ch: string;
      readonly at: Version;
      readonly isLast: boolean;
      readonly add: readonly Entry[];
      readonly gone: readonly Gone[];
    };

export const encodeMessage = (message: Told | ToldToOne): Uint8Array => utf8Encode(JSON.stringify(message));
export const decodeTold = (body: Uint8Array): Told => JSON.parse(utf8Decode(body)) as Told;
export const decodeToldToOne = (body: Uint8Array): ToldToOne => JSON.parse(utf8Decode(body)) as ToldToOne;

/** Cuts `entries` into pieces of up to `bytesMax`, at least one piece and one entry a piece. */
export function piecesOf(entries: Iterable<Entry>, bytesMax: number): readonly (readonly Entry[])[] {
  let piece: Entry[] = [];
  const pieces = [piece];
  let bytes = 0;
  for (const entry of entries) {
    if (bytes + entry.bytes > bytesMax && piece.length > 0) {
      pieces.push((piece = []));
      bytes = 0;
    }
    piece.push(entry);
    bytes += entry.bytes;
  }
  return pieces;
}
