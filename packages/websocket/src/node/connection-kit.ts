// What the connections of one server or dialler have in common, made once.

import type { Clock, Random } from "@heddle/base";
import type { ReaderOptions } from "../core/message-reader.ts";
import type { Role } from "../core/opcode.ts";
import type { ConnectionOptions } from "./connection-options.ts";
import { nodeBytes } from "./node-bytes.ts";
import { TurnWriter } from "./turn-writer.ts";

/** A connection, as far as its kit is concerned. */
export interface KitMember {
  close(code?: number, reason?: string): void;
}

export interface ConnectionKit {
  readonly clock: Clock;
  readonly random: Random;
  readonly writer: TurnWriter;
  readonly limits: Required<ConnectionOptions>;
  readonly reader: ReaderOptions;
  /** Connections whose socket is not gone; they enter and leave by themselves. */
  readonly members: Set<KitMember>;
  /** Called when a member has left. */
  readonly onGone: () => void;
}

/** Prepares to make connections of one role. */
export function connectionKit(
  role: Role,
  clock: Clock,
  random: Random,
  limits: Required<ConnectionOptions>,
  onGone: () => void = () => undefined,
): ConnectionKit {
  const { maxMessageBytes, maxFragments } = limits;
  const reader = { role, host: nodeBytes, maxMessageBytes, maxFragments };
  return { clock, random, writer: new TurnWriter(clock), limits, reader, members: new Set(), onGone };
}
