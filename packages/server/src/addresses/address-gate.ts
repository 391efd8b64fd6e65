// How many connections one client address holds, and how often it comes: for those of the open internet, and for all when
// the proxies in front are known.

import { BlockList, isIP } from "node:net";
import type { Clock } from "@heddle/base";
import { addressKey } from "./client-address.ts";

export interface AddressLimits {
  /** Connections of one client address (IPv6: of one /64); beyond that 429. 1…10_000_000, default 2_000. */
  readonly addressConnections: number;
  /** Handshakes and HTTP requests of one client address, on average; beyond that 429. 1…1_000_000, default 200. */
  readonly addressAttemptsPerSecond: number;
  /** And at once. 1…1_000_000, default 2_000. */
  readonly addressAttemptsBurst: number;
  /** Client addresses remembered; beyond that new ones are not counted. 1_000…10_000_000, default 200_000. */
  readonly addressesMax: number;
}

/** Since the server started. */
export interface AddressCounters {
  /** Attempts refused because their address made too many, or holds too many connections. */
  addressRefusals: number;
}

interface Known {
  connectionCount: number;
  /** When all that was used is earned back. Monotonic ms. */
  fullAtMs: number;
}

/**
 * Addresses of this machine and of private networks (RFC 1918, 4193, 6598): of a server that was told of no proxies they are
 * most likely one, with everybody behind it.
 */
const inside = new BlockList();
for (const [network, bits] of [
  ["127.0.0.0", 8],
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
  ["100.64.0.0", 10],
] as const)
  inside.addSubnet(network, bits, "ipv4");
inside.addAddress("::1", "ipv6");
inside.addSubnet("fc00::", 7, "ipv6");
inside.addSubnet("fe80::", 10, "ipv6");

export class AddressGate {
  readonly counters: AddressCounters = { addressRefusals: 0 };
  readonly #clock: Clock;
  readonly #limits: AddressLimits;
  readonly #countsInside: boolean;
  readonly #known = new Map<string, Known>();

  /** @param countsInside  whether addresses of private networks are counted: the proxies among them are known */
  constructor(clock: Clock, limits: AddressLimits, countsInside: boolean) {
    this.#clock = clock;
    this.#limits = limits;
    this.#countsInside = countsInside;
  }

  /** Addresses remembered. */
  get size(): number {
    return this.#known.size;
  }

  /**
   * Counts an attempt.
   *
   * @returns undefined when it may go on; else the seconds to stay away, and why
   */
  refusal(address: string): { readonly retryAfterS: number; readonly why: string } | undefined {
    const known = this.#of(address);
    if (known === undefined) return undefined;
    const { addressConnections, addressAttemptsPerSecond, addressAttemptsBurst } = this.#limits;
    if (known.connectionCount >= addressConnections) {
      this.counters.addressRefusals++;
      return { retryAfterS: 10, why: `${addressConnections} connections of one address are the most` };
    }
    const nowMs = this.#clock.monotonicMs();
    const costMs = 1_000 / addressAttemptsPerSecond;
    const fullAtMs = Math.max(known.fullAtMs, nowMs) + costMs;
    if (fullAtMs - nowMs > addressAttemptsBurst * costMs) {
      this.counters.addressRefusals++;
      return { retryAfterS: 1, why: `${addressAttemptsPerSecond} attempts a second of one address are the most` };
    }
    known.fullAtMs = fullAtMs;
    return undefined;
  }

  /** A connection begins. @returns ends it, once */
  opened(address: string): () => void {
    const known = this.#of(address);
    if (known === undefined) return () => undefined;
    known.connectionCount++;
    let isOpen = true;
    return () => {
      if (isOpen) known.connectionCount--;
      isOpen = false;
    };
  }

  #of(address: string): Known | undefined {
    const family = isIP(address);
    if (family === 0) return undefined; // a socket that is no network's
    if (!this.#countsInside && inside.check(address, family === 6 ? "ipv6" : "ipv4")) return undefined;
    const key = addressKey(address);
    let known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= this.#limits.addressesMax && !this.#sweep()) return undefined;
    known = { connectionCount: 0, fullAtMs: 0 };
    this.#known.set(key, known);
    return known;
  }

  /** Forgets who is gone and owes nothing: looks at a few of the oldest, so that no newcomer waits for all. */
  #sweep(): boolean {
    const nowMs = this.#clock.monotonicMs();
    let looks = 64;
    for (const [key, known] of this.#known) {
      if (looks-- === 0) break;
      this.#known.delete(key);
      if (known.connectionCount > 0 || known.fullAtMs > nowMs) this.#known.set(key, known); // to the end
    }
    return this.#known.size < this.#limits.addressesMax;
  }
}
