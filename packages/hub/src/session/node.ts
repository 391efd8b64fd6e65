// What sessions share on a node. The hub assembles it; sessions and commands use it and nothing else of the hub.

import type { Clock, Random } from "@heddle/base";
import type { Guarantee } from "@heddle/protocol";
import type { Channels } from "../channel/channels.ts";
import type { Publisher } from "../channel/publisher.ts";
import type { Admission } from "../pressure/admission.ts";
import type { Arrivals } from "../pressure/arrivals.ts";
import type { ChannelRates } from "../pressure/channel-rates.ts";
import type { MemoryGuard } from "../pressure/memory-guard.ts";
import type { UserRates } from "../pressure/rates.ts";
import type { ReadBudget } from "../pressure/read-budget.ts";
import type { Moves } from "../nodes/moves.ts";
import type { Revocations } from "../nodes/revocations.ts";
import type { HubLimits } from "../options.ts";
import type { Application, Authenticator, ChannelPolicy, Digest, Engine, HubCounters } from "../ports/index.ts";
import type { Answers } from "./answers.ts";
import type { Asks } from "./asks.ts";
import type { Heartbeat } from "./heartbeat.ts";

export interface Node {
  readonly name: string;
  readonly engine: Engine;
  readonly application: Application;
  readonly authenticator: Authenticator;
  readonly clock: Clock;
  readonly random: Random;
  readonly digest: Digest;
  readonly clusterSecret: Uint8Array;
  readonly limits: HubLimits;
  readonly counters: HubCounters;
  readonly guarantee: Guarantee;
  readonly channels: Channels;
  readonly publisher: Publisher;
  readonly reads: ReadBudget;
  readonly admission: Admission;
  readonly arrivals: Arrivals;
  readonly userRates: UserRates;
  readonly channelRates: ChannelRates;
  readonly memory: MemoryGuard;
  readonly heartbeat: Heartbeat;
  readonly answers: Answers;
  readonly moves: Moves;
  readonly asks: Asks;
  /** Whose tokens were taken back. */
  readonly revocations: Revocations;
  /** Calls and streams being answered, of all connections. */
  readonly open: { callCount: number; streamCount: number };
  /** What the pieces of unfinished frames hold, of all connections. UTF-16 units. */
  readonly pieces: { length: number };
  /** Policy of `$user/…` and `$all`. */
  readonly noticePolicy: ChannelPolicy;
  isDraining: boolean;
  /** Open sessions of a user on this node. */
  connectionsOf(userId: string): number;
}
