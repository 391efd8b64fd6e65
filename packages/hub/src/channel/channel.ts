// One channel on this node: its log, its subscribers in every state, its volatile events and its members. Entries come
// in once; what goes out is one shared frame.

import type { Clock } from "@heddle/base";
import { samePos, type Codec, type Pos, type PublicationBody } from "@heddle/protocol";
import { Presence } from "../presence/presence.ts";
import type {
  BulkSender,
  ChannelPolicy,
  ConnectionPort,
  Engine,
  Entry,
  Frame,
  HubCounters,
  ReadResult,
} from "../ports/index.ts";
import { classify, gapBetween } from "./chain.ts";
import { ChannelLog } from "./channel-log.ts";
import { Conflation } from "./conflation.ts";
import type { Cursor, CursorChannel } from "./cursor.ts";
import { controlFrame, gapFrame, volatileFrame } from "./frames.ts";
import { LiveSet } from "./live-set.ts";
import { Ring, type RingBudget } from "./ring.ts";
import { Slices, type ReadSlots, type Slice } from "./slices.ts";
import { Snapshots } from "./snapshots.ts";
import { decodeVolatile, volatileTopic } from "./volatile.ts";

/** What channels share on a node. */
export interface ChannelEnv {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly bulk: BulkSender;
  readonly counters: HubCounters;
  readonly ringBudget: RingBudget;
  readonly readSlots: ReadSlots;
  readonly limits: ChannelLimits;
}

export interface ChannelLimits {
  /** Entries a ring holds at most; never more than the channel keeps. */
  readonly ringCount: number;
  /** Bytes a ring holds at most. */
  readonly ringBytes: number;
  /** Cost of one slice of a catching-up cursor. */
  readonly sliceBytes: number;
  /** Members listed whole; above, only their number is sent. */
  readonly presenceListCount: number;
  /** Presence changes are gathered for this long. Milliseconds. */
  readonly presenceGatherMs: number;
}

export class Channel implements CursorChannel {
  readonly name: string;
  /** Identity of this object on the wire; never used again after it. */
  readonly alias: number;
  readonly policy: ChannelPolicy;
  /** Absent when no event of the channel is stored. */
  readonly log: ChannelLog | undefined;
  readonly presence: Presence;
  readonly snapshots: Snapshots;
  readonly #env: ChannelEnv;
  readonly #ring: Ring;
  readonly #slices: Slices;
  readonly #cursors = new Set<Cursor>();
  readonly #live: LiveSet;
  readonly #conflation: Conflation;
  #stopVolatile: (() => void) | undefined;
  #isDisposed = false;
  /** Who is using this object without being a cursor or member yet; see `Channels.acquire`. */
  holdCount = 0;

  constructor(name: string, alias: number, policy: ChannelPolicy, env: ChannelEnv) {
    this.name = name;
    this.alias = alias;
    this.policy = policy;
    this.#env = env;
    const { limits } = env;
    const ringLimits = { countMax: Math.min(limits.ringCount, policy.keep.entries), bytesMax: limits.ringBytes };
    this.#ring = new Ring(alias, ringLimits, env.ringBudget);
    this.#slices = new Slices(name, alias, env);
    this.snapshots = new Snapshots(() => this.head);
    this.#live = new LiveSet(env.bulk);
    this.#conflation = new Conflation(
      {
        alias,
        newestEntry: () => this.#ring.newest,
        newestFrame: (codec) => this.#ring.newestFrame(codec),
      },
      policy.everyMs,
      env,
    );
    this.presence = new Presence(alias, env.clock, limits, (frameFor) => this.#sendPresence(frameFor));
    if (policy.isDurable) {
      this.log = new ChannelLog(name, env, this.#ring, {
        accepted: (entry) => this.#accepted(entry),
        replaced: (read) => this.#replaced(read),
        status: (status, why) => this.#status(status, why),
      });
    }
    void this.#listenVolatile();
  }

  /** Where live cursors stand. */
  get head(): Pos {
    if (this.log === undefined) throw new Error(`${this.name}: a volatile channel has no positions`);
    return this.log.head;
  }

  get cursorCount(): number {
    return this.#cursors.size;
  }

  /** Whether nothing needs this object now. */
  get isIdle(): boolean {
    return this.holdCount === 0 && this.#cursors.size === 0 && this.presence.memberCount === 0;
  }

  /** Resolves when positions are known. @throws {EngineError} when the channel is given up first */
  async ready(): Promise<void> {
    await this.log?.ready();
  }

  add(cursor: Cursor): void {
    this.#cursors.add(cursor);
  }

  remove(cursor: Cursor): void {
    cursor.go("end");
    this.#cursors.delete(cursor);
  }

  joinLive(cursor: Cursor): void {
    (cursor.mode === "latest" ? this.#conflation : this.#live).add(cursor);
  }

  leaveLive(cursor: Cursor): void {
    (cursor.mode === "latest" ? this.#conflation : this.#live).remove(cursor);
  }

  isAtHead(pos: Pos): boolean {
    return this.log === undefined || samePos(pos, this.log.head);
  }

  /** Whether the ring proves that `pos` is on the log and its successor retained. */
  isHeld(pos: Pos): boolean {
    return this.#ring.isBefore(pos);
  }

  /** What the ring holds behind `pos`; undefined when the store must be asked. */
  heldAfter(pos: Pos, codec: Codec): Slice | undefined {
    const held = this.#ring.framesAfter(pos, codec, this.#env.limits.sliceBytes);
    return held && { entries: held.entries, frames: () => held.frames };
  }

  /** The newest entry, from the ring. */
  heldNewest(): Slice | undefined {
    const { newest } = this.#ring;
    return newest && { entries: [newest], frames: (codec) => [this.#ring.newestFrame(codec) as Frame] };
  }

  /** @throws {EngineError} */
  readAfter(pos: Pos): Promise<Slice> {
    return this.#slices.after(pos, this.#env.limits.sliceBytes);
  }

  /** @throws {EngineError} */
  readNewest(): Promise<Slice> {
    return this.#slices.newest();
  }

  suspect(): void {
    this.log?.suspect();
  }

  presenceFrame(codec: Codec): Frame {
    return this.presence.full(codec);
  }

  [Symbol.dispose](): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.log?.detach();
    this.#stopVolatile?.();
    this.#conflation[Symbol.dispose]();
    this.presence[Symbol.dispose]();
  }

  #accepted(entry: Entry): void {
    if (entry.type === "data" && this.#conflation.count > 0) this.#conflation.changed(this.#env.counters);
    const { sent, refused } = this.#live.push((codec) => this.#ring.newestFrame(codec) as Frame);
    this.#env.counters.deliveries += sent;
    // `log.head` is still the predecessor: that is where a refused cursor stands.
    for (const cursor of refused) cursor.receiver.overflow();
  }

  /** Live cursors stood at the old head; each is told what it missed. The others find out by their own next read. */
  #replaced(read: ReadResult): void {
    for (const cursor of [...this.#live.all(), ...this.#conflation.all()]) {
      const from = cursor.pos;
      const missed = classify(from, read);
      cursor.go("behind");
      if (missed !== undefined) {
        this.#env.counters.gaps[missed.why]++;
        cursor.receiver.send(
          gapFrame(this.alias, gapBetween(missed.why, from, missed.to), from, cursor.receiver.codec),
        );
        cursor.sentCount++;
        cursor.moveTo(missed.to);
      }
      cursor.receiver.wake(cursor);
    }
  }

  #status(status: "degraded" | "live", why?: string): void {
    const reason = why === undefined ? {} : { why };
    for (const { receiver } of this.#cursors) {
      receiver.send(controlFrame(receiver.codec, { t: "st", c: this.alias, s: status, ...reason }));
    }
  }

  async #listenVolatile(): Promise<void> {
    const stop = await this.#env.engine.bus.subscribe(volatileTopic(this.name), (body) =>
      this.#volatile(decodeVolatile(body)),
    );
    if (this.#isDisposed) stop();
    else this.#stopVolatile = stop;
  }

  /** Volatile events go to whoever has room now, and to nobody later. */
  #volatile(body: PublicationBody): void {
    const { counters } = this.#env;
    const { sent, refused } = this.#live.push((codec) => volatileFrame(this.alias, body, codec));
    counters.volatileDeliveries += sent;
    counters.volatileDrops += refused.length;
    const { sentCount, dropCount } = this.#conflation.pushVolatile((codec) => volatileFrame(this.alias, body, codec));
    counters.volatileDeliveries += sentCount;
    counters.volatileDrops += dropCount;
  }

  #sendPresence(frameFor: (codec: Codec) => Frame): void {
    const frames = new Map<Codec, { frame: Frame; ports: ConnectionPort[] }>();
    for (const cursor of this.#cursors) {
      if (!cursor.withPresence) continue;
      const { receiver } = cursor;
      const { codec } = receiver;
      let group = frames.get(codec);
      if (group === undefined) frames.set(codec, (group = { frame: frameFor(codec), ports: [] }));
      if (cursor.state === "lagging" || !receiver.take(group.frame.cost)) {
        cursor.presenceIsStale = true;
        if (cursor.state !== "lagging") receiver.overflow();
        continue;
      }
      group.ports.push(receiver.port);
    }
    for (const { frame, ports } of frames.values()) if (ports.length > 0) this.#env.bulk.sendAll([frame], ports);
  }
}
