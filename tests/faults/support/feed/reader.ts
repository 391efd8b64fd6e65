// Somebody who reads a channel of numbers and counts what is wrong with them.

import { systemClock, systemRandom } from "@heddle/base/system";
import { createClient, nodeWebSocket, type Client } from "@heddle/client";
import type { Transport } from "@heddle/client/core";
import type { feedContract } from "./contract.ts";

export type FeedClient = Client<typeof feedContract>;

/** A client whose every connection leads to any of the nodes. */
export function feedClient(user: string, ports: readonly number[]): FeedClient {
  const env = { clock: systemClock(), random: systemRandom() };
  const servers = ports.map((port) => nodeWebSocket(`ws://127.0.0.1:${port}/realtime`, env));
  const anyServer: Transport = {
    name: "websocket",
    open: (handlers) => (servers[Math.floor(env.random.float() * servers.length)] as Transport).open(handlers),
  };
  return createClient<typeof feedContract>({
    ...{ transport: anyServer, token: () => user },
    // Impatient: a run is short, and nobody else has to be protected from the reconnects.
    ...{ backoffMinMs: 50, backoffMaxMs: 1_000, attemptsPerMinuteCount: 600, connectMs: 5_000 },
  });
}

export class Reader {
  readonly client: FeedClient;
  readonly room: ReturnType<typeof roomOf>;
  /** The newest number. */
  last = 0;
  delivered = 0;
  repeated = 0;
  /** Numbers that never came, and no gap said so. */
  lost = 0;
  /** Numbers that never came, as a gap said. */
  skipped = 0;
  /** How often it came back on another node than the one it left. */
  moves = 0;
  readonly gaps: string[] = [];
  /** When the newest number came. Milliseconds of this process. */
  lastMs = 0;
  #node = "";
  #isBehindGap = false;

  constructor(user: string, channel: string, ports: readonly number[]) {
    this.client = feedClient(user, ports);
    this.room = roomOf(this.client, channel);
    this.client.onState(({ name }) => {
      if (name === "online") this.#came(nodeOf(this.client));
    });
    this.room.on("message", ({ n }) => this.#took(n));
    this.room.onGap(({ why }) => {
      this.gaps.push(why);
      this.#isBehindGap = true;
    });
  }

  #came(node: string): void {
    if (this.#node !== "" && this.#node !== node) this.moves++;
    this.#node = node;
  }

  #took(n: number): void {
    this.delivered++;
    this.lastMs = performance.now();
    if (this.#isBehindGap) {
      // A log that is gone took its memory of publishers with it: what was not answered yet may stand in both.
      this.skipped += Math.max(0, n - this.last - 1);
      this.#isBehindGap = false;
    } else if (n <= this.last) {
      this.repeated++;
      return;
    } else this.lost += n - this.last - 1;
    this.last = n;
  }
}

export const roomOf = (client: FeedClient, n: string) => client.channel("feed", { n });

/** Names of connections begin with that of their node, and that of its run behind a dot. */
const nodeOf = ({ connectionId = "" }: FeedClient): string => connectionId.split(".")[0] ?? "";
