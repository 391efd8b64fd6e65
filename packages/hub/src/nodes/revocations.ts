// Tokens that were taken back, on every node: stored in a log of their own, which each node reads whole before it takes
// anybody and then follows; told to the other nodes besides, so that it takes one way and not a look.

import { base64urlEncode, OptionError, Signal, utf8Decode, type Clock, type Random } from "@heddle/base";
import { revocationsChannel, samePos, type Pos } from "@heddle/protocol";
import { ChannelLog } from "../channel/channel-log.ts";
import type { Publisher } from "../channel/publisher.ts";
import { Ring } from "../channel/ring.ts";
import { HubError } from "../hub-error.ts";
import { EngineError, newCounters, positionBefore, type Engine, type Entry, type ReadResult } from "../ports/index.ts";
import type { Nodes } from "./nodes.ts";
import {
  isTarget,
  parseRevocation,
  reasonLengthMax,
  type Covered,
  type Revocation,
  type RevocationTarget,
} from "./revocation.ts";
import { RevocationMap } from "./revocation-map.ts";

export interface RevocationsLimits {
  /** How long a revocation counts: no accepted token may live longer. Milliseconds, 60_000…31_536_000_000, default 604_800_000. */
  readonly revocationKeepMs: number;
  /** Revocations kept at once; beyond, `overloaded`. 1…100_000, default 100_000. */
  readonly revocationsMax: number;
  /** How often the store is asked whether this node knows all. Milliseconds, 50…60_000, default 400. */
  readonly revocationLookMs: number;
  /**
   * A node whose last good look is older takes nobody new. Milliseconds, `revocationLookMs`…86_400_000, default 1_000;
   * larger: who was revoked may come in while the store is away.
   */
  readonly revocationStaleMs: number;
  /** How long a newcomer may wait for a look that is good enough, the store being slow. Milliseconds, 0…60_000, default 3_000. */
  readonly revocationWaitMs: number;
}

export interface RevocationsEnv {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly random: Random;
  readonly publisher: Publisher;
  readonly nodes: Nodes;
  readonly limits: RevocationsLimits;
}

/** How far an issuer's clock may be behind: a token issued this soon after a revocation may be an old one. Milliseconds. */
export const issuerToleranceMs = 5_000;
/** A revoked client asks for a fresh token after this, when one is sure to be new. Milliseconds. */
export const revokedAfterMs = 10_000;

/** Enough of the log to recognise what is pushed twice. */
const ringLimits = { countMax: 64, bytesMax: 65_536 };
const readLimits = { limit: 1_000, bytes: 262_144 };
const retryMs = 200;

export class Revocations {
  /** A revocation that this node did not know. */
  readonly learned = new Signal<Revocation>();
  readonly #env: RevocationsEnv;
  readonly #map: RevocationMap;
  readonly #log: ChannelLog;
  #read: Promise<unknown>;
  #isRead = false;
  /** Newcomers, each with the oldest look that will do. */
  readonly #waiting = new Set<{ readonly sinceMs: number; readonly tell: (isCurrent: boolean) => void }>();
  /** Monotonic time of the latest look that found nothing unknown. */
  #currentMs = -Infinity;
  #timer: Disposable | undefined;
  #isDisposed = false;

  constructor(env: RevocationsEnv) {
    const { engine, clock, limits, nodes } = env;
    this.#env = env;
    this.#map = new RevocationMap(limits.revocationKeepMs, () => clock.wallMs());
    const ring = new Ring(0, ringLimits, { bytesMax: ringLimits.bytesMax, bytes: 0 });
    // Its reads and repairs are the node's own: they are not counted among those of channels.
    this.#log = new ChannelLog(revocationsChannel, { engine, clock, counters: newCounters() }, ring, {
      accepted: (entry) => this.#take(entry),
      replaced: () => void (this.#read = this.#readAgain()),
      status: () => undefined,
    });
    nodes.answer("revoked", (revocation) => {
      this.#add(revocation, clock.wallMs());
      return {};
    });
    this.#read = this.#readWhole();
    this.#lookLater();
  }

  /**
   * Whether this node knows all that was revoked `revocationStaleMs` before this was asked. Waits for the log to be read
   * whole, and then, where looks take long, for one that began late enough, `revocationWaitMs` at most.
   */
  async whenCurrent(): Promise<boolean> {
    const { clock, limits } = this.#env;
    const sinceMs = clock.monotonicMs() - limits.revocationStaleMs;
    await this.#read;
    if (this.#isRead && this.#currentMs >= sinceMs) return true;
    return new Promise((resolve) => {
      const tell = (isCurrent: boolean): void => {
        this.#waiting.delete(newcomer);
        timer[Symbol.dispose]();
        resolve(isCurrent);
      };
      const newcomer = { sinceMs, tell };
      const timer = clock.after(limits.revocationWaitMs, () => tell(false));
      this.#waiting.add(newcomer);
    });
  }

  /** Whether this node knows all that was revoked, or did `revocationStaleMs` ago. */
  get isCurrent(): boolean {
    return this.#isRead && this.#env.clock.monotonicMs() - this.#currentMs <= this.#env.limits.revocationStaleMs;
  }

  /** The revocation that forbids this session, if any. */
  covering(covered: Covered, connectionId: string): Revocation | undefined {
    return this.#map.covering(covered, connectionId);
  }

  /**
   * Takes tokens back: stored first, then told to every node.
   *
   * @returns `missing`: nodes that did not confirm it; they learn it from the log
   * @throws {OptionError} for a target that is none; {HubError} when the store did not take it
   */
  async revoke(target: RevocationTarget, why: string): Promise<{ readonly missing: readonly string[] }> {
    const { clock, random, limits, nodes } = this.#env;
    if (!isTarget(target))
      throw new OptionError(
        "revoke",
        JSON.stringify(target),
        "{ user }, { connection }, { token } or { claim: { name, value } }",
      );
    if (this.#map.count >= limits.revocationsMax)
      throw new HubError(
        "overloaded",
        `${this.#map.count} revocations are kept, revocationsMax is ${limits.revocationsMax}`,
      );
    const untilMs = "token" in target ? Number.MAX_SAFE_INTEGER : clock.wallMs() + issuerToleranceMs;
    const id = base64urlEncode(random.bytes(12));
    const revocation = { id, target, untilMs, why: why.slice(0, reasonLengthMax) };
    await this.#append(revocation);
    const { missing } = await nodes.askAll("revoked", revocation);
    return { missing };
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#timer?.[Symbol.dispose]();
    for (const { tell } of [...this.#waiting]) tell(false);
    this.#log.detach();
  }

  async #append(revocation: Revocation): Promise<void> {
    const { publisher, limits } = this.#env;
    const keep = { entries: limits.revocationsMax, ageMs: limits.revocationKeepMs };
    const publication = { event: "revoked", json: JSON.stringify(revocation) };
    await publisher.publish(revocationsChannel, keep, publication, `rev:${revocation.id}`);
  }

  #take(entry: Entry): void {
    if (entry.type !== "data") return;
    let value: unknown;
    try {
      value = JSON.parse(utf8Decode(entry.data));
    } catch {
      return; // of a later version, whose nodes tell those of ours in their own way
    }
    const revocation = parseRevocation(value);
    if (revocation !== undefined) this.#add(revocation, entry.ts);
  }

  #add(revocation: Revocation, storedMs: number): void {
    if (this.#map.add(revocation, storedMs)) this.learned.emit(revocation);
  }

  /** Reads the log from its head to its oldest entry, and then looks whether that was its head. @returns entries' ids */
  async #readWhole(): Promise<readonly string[]> {
    const { engine } = this.#env;
    await this.#log.ready().catch(() => undefined); // given up before: there is nothing to read
    const ids: string[] = [];
    let before: Pos | undefined;
    while (!this.#isDisposed) {
      let read: ReadResult;
      try {
        const from = before ?? this.#log.head;
        read = await engine.log.read(revocationsChannel, { before: from, ...readLimits, atLeast: from });
      } catch (error) {
        if (error instanceof EngineError && error.code === "failed") throw error;
        await this.#pause();
        continue;
      }
      for (const entry of read.entries) {
        this.#take(entry);
        ids.push(entry.id);
      }
      if (read.proof === "diverged") {
        before = undefined; // it was replaced while it was read
        this.#log.suspect();
        await this.#pause();
      } else if (read.more && read.entries[0] !== undefined) before = positionBefore(read.entries[0]);
      else break;
    }
    this.#isRead = true;
    await this.#look();
    return ids;
  }

  /** The log lost its end or began anew. What is known stays known, and is written again for those who come later. */
  async #readAgain(): Promise<void> {
    this.#isRead = false;
    const kept = new Set(await this.#readWhole());
    for (const revocation of this.#map.all()) {
      if (kept.has(`s:k:rev:${revocation.id}`)) continue;
      await this.#append(revocation).catch(() => undefined); // every node does this; one is enough
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#env.clock.after(retryMs, resolve));
  }

  #lookLater(): void {
    this.#timer = this.#env.clock.after(this.#env.limits.revocationLookMs, () => {
      void this.#look();
      this.#lookLater();
    });
  }

  /** A lost push shows here. Looks do not wait for each other: an answer may be lost as well. */
  async #look(): Promise<void> {
    const { engine, clock } = this.#env;
    const startMs = clock.monotonicMs();
    const log = this.#log;
    try {
      const [head] = await engine.log.heads([revocationsChannel]);
      if (log.state !== "live" || head === undefined) return;
      if (samePos(head, log.head)) this.#foundCurrent(startMs);
      else log.suspect();
    } catch {
      // the store is away: the last good look grows old
    }
  }

  /** All that was revoked by then is known. */
  #foundCurrent(byMs: number): void {
    this.#currentMs = Math.max(this.#currentMs, byMs);
    if (!this.#isRead) return;
    for (const { sinceMs, tell } of [...this.#waiting]) if (this.#currentMs >= sinceMs) tell(true);
  }
}
