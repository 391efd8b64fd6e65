// What the connections of one server or dialler have in common, made once.

import type { Clock, Random } from "@heddle/base";
import type { ReaderOptions } from "../core/message-reader.ts";
import type { Role } from "../core/opcode.ts";
import type { ConnectionLimits } from "./connection-options.ts";
import { KernelWriter } from "./kernel-write.ts";
import { lookEveryMs } from "./liveness.ts";
import { nodeBytes } from "./node-bytes.ts";
import { TimerWheel } from "./timer-wheel.ts";
import { TurnWriter } from "./turn-writer.ts";

/** A connection, as far as its kit is concerned. */
export interface KitMember {
  close(code?: number, reason?: string): void;
}

export interface ConnectionKit {
  readonly clock: Clock;
  readonly random: Random;
  readonly writer: TurnWriter;
  readonly kernel: KernelWriter;
  /** All their deadlines. */
  readonly wheel: TimerWheel;
  readonly limits: ConnectionLimits;
  readonly lookEveryMs: number;
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
  limits: ConnectionLimits,
  onGone: () => void = () => undefined,
): ConnectionKit {
  const { maxMessageBytes, maxFragments } = limits;
  const rates = {
    framesPerSecond: limits.maxFramesPerSecond,
    controlFramesPerSecond: limits.maxControlFramesPerSecond,
    nowMs: () => clock.monotonicMs(),
  };
  const reader = { role, host: nodeBytes, maxMessageBytes, maxFragments, rates };
  const writer = new TurnWriter(clock);
  const wheel = new TimerWheel(clock);
  const kernel = new KernelWriter();
  const common = { clock, random, writer, kernel, wheel, limits, lookEveryMs: lookEveryMs(limits), reader };
  return { ...common, members: new Set(), onGone };
}
