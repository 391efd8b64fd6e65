// One channel on this node: its log, its subscribers in every state, its volatile events and its members. Entries come
// in once; what goes out is one shared frame.

import { samePos, type Codec, type Mode, type Pos } from "@heddle/protocol";
import { subscribed, type PresenceLink } from "../presence/presence-link.ts";
import { Presence } from "../presence/presence.ts";
import type { ChannelPolicy, ConnectionPort, Engine, Entry, Frame, ReadResult } from "../ports/index.ts";
import { classify, gapBetween, isCarriedOver } from "./chain.ts";
import { ChannelLog } from "./channel-log.ts";
import { KeyIndex, type ByKey } from "./key-index.ts";
import type { Cursor, CursorChannel } from "./cursor.ts";
import { FanOut, type FanOutEnv, type FanOutSource } from "./fan-out.ts";
import { gapFrame, statusFrame } from "./frames.ts";
import { Ring, type RingBudget } from "./ring.ts";
import type { ReadBudget } from "../pressure/read-budget.ts";
import { Slices, type Slice } from "./slices.ts";
import { Snapshots } from "./snapshots.ts";
import { decodeVolatile, volatileTopic } from "./volatile.ts";

/** What channels share on a node. */
export interface ChannelEnv extends FanOutEnv {
  readonly engine: Engine;
  readonly ringBudget: RingBudget;
  readonly reads: ReadBudget;
  readonly presence: PresenceLink;
  readonly limits: ChannelLimits;
}

export interface ChannelLimits {
  /** Entries a ring holds at most; never more than the channel keeps. */
  readonly ringCount: number;
  /** Bytes a ring holds at most. */
  readonly ringBytes: number;
  /** Keys whose newest entry is held for `key` subscribers, and entries read back to find them. */
  readonly keyCount: number;
  /** Cost of one slice of a catching-up cursor. */
  readonly sliceBytes: number;
  /** Time the application has to load a snapshot. Milliseconds. */
  readonly snapshotMs: number;
}

const nowhere: Pos = { epoch: "-", offset: 0, tag: 1 };
const nothing: Slice = { entries: [], frames: () => [] };

export class Channel implements CursorChannel, FanOutSource {
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
  readonly #fanOut: FanOut;
  /** Made at the first `key` subscription. */
  #keys: KeyIndex | undefined;
  #keysReady: Promise<void> | undefined;
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
    this.snapshots = new Snapshots(() => this.head, env.clock, env.limits.snapshotMs);
    this.#fanOut = new FanOut(this, policy, env);
    this.presence = new Presence(this, env.presence, (frameFor) => this.#sendPresence(frameFor));
    if (policy.isDurable) {
      this.log = new ChannelLog(name, env, this.#ring, {
        accepted: (entry) => this.#accepted(entry),
        replaced: (read) => this.#replaced(read),
        status: (status, why) => this.#status(status, why),
      });
    }
    void this.#listenVolatile();
  }

  get isDurable(): boolean {
    return this.log !== undefined;
  }

  get hasPhantoms(): boolean {
    return this.#env.engine.traits.phantoms;
  }

  get disconnectsSlow(): boolean {
    return this.policy.disconnectsSlow ?? false;
  }

  /** The log's head. Without a log all stand at the same place, which means nothing. */
  get head(): Pos {
    return this.log?.head ?? nowhere;
  }

  get pushedTo(): Pos {
    return this.#fanOut.at;
  }

  get cursorCount(): number {
    return this.#cursors.size;
  }

  /** Whether nothing needs this object now. */
  get isIdle(): boolean {
    return this.holdCount === 0 && this.#cursors.size === 0 && this.presence.hostedCount === 0;
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
    this.#fanOut.join(cursor);
  }

  leaveLive(cursor: Cursor): void {
    this.#fanOut.leave(cursor);
  }

  pushHeld(): void {
    this.#fanOut.flush();
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

  /** What the index of keys holds behind `pos`; undefined when the log must be read. */
  heldByKey(pos: Pos): ByKey | undefined {
    return this.#keys?.behind(pos);
  }

  /**
   * Makes ready for `key` subscribers: finds the newest entry of each key among those read back, and keeps up from there.
   *
   * @param by  whose turn it is at the store
   * @throws {EngineError}
   */
  prepareKeys(by: object): Promise<void> {
    return (this.#keysReady ??= this.#loadKeys(by).catch((error: unknown) => {
      this.#keysReady = undefined;
      throw error;
    }));
  }

  /** Where a `key` subscription begins that wants the newest entries of up to `count` keys. */
  startOfLastKeys(count: number): Pos {
    return this.#keys?.startOfLast(count) ?? this.head;
  }

  /** @throws {EngineError} */
  readAfter(pos: Pos, by: object): Promise<Slice> {
    return this.#slices.after(pos, this.#env.limits.sliceBytes, this.head, by);
  }

  /** @throws {EngineError} */
  readNewest(by: object): Promise<Slice> {
    return this.#slices.newest(this.head, by);
  }

  /** Lets go of entries until the node's rings are within their budget, or the newest alone is left. */
  shrink(): void {
    this.#ring.shrink();
  }

  suspect(): void {
    this.log?.suspect();
  }

  presenceFrame(codec: Codec): Frame | undefined {
    return this.presence.full(codec);
  }

  [Symbol.dispose](): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.log?.detach();
    this.#keys?.clear();
    this.#stopVolatile?.();
    this.#fanOut[Symbol.dispose]();
    this.presence[Symbol.dispose]();
  }

  frameOf(entry: Entry, codec: Codec): Frame {
    return this.#ring.frameOf(entry, codec);
  }

  /** What a live cursor that is not pushed to is to get now; undefined when it must read on by itself. */
  pending(pos: Pos, mode: Mode): Slice | undefined {
    if (mode === "key") {
      const held = this.#keys?.behind(pos);
      return held?.is === "held" ? held.slice : undefined;
    }
    const newest = this.heldNewest();
    if (newest === undefined) return undefined;
    return newest.entries.some((entry) => samePos(entry.pos, pos)) ? nothing : newest;
  }

  #accepted(entry: Entry): void {
    this.#keys?.push(entry);
    this.#fanOut.entry(entry);
  }

  #freshKeys(head: Pos): KeyIndex {
    const { limits, ringBudget } = this.#env;
    this.#keys?.clear();
    return new KeyIndex(this.alias, { countMax: limits.keyCount, bytesMax: limits.ringBytes }, ringBudget, head);
  }

  async #loadKeys(by: object): Promise<void> {
    const { reads, engine, limits } = this.#env;
    // From here on it is pushed to: what is read and what is pushed meet at this head.
    const keys = (this.#keys = this.#freshKeys(this.head));
    const count = Math.min(limits.keyCount, this.policy.keep.entries);
    const read = await reads.run(by, () =>
      engine.log.read(this.name, { last: count, limit: count, bytes: limits.ringBytes }),
    );
    if (keys === this.#keys) keys.addOlder(read.entries);
  }

  /** Live cursors stood at the old head; each is told what it missed. The others find out by their own next read. */
  #replaced(read: ReadResult): void {
    this.#fanOut.flush();
    if (this.#keys !== undefined) this.#keys = this.#freshKeys(read.head);
    for (const cursor of this.#cursors) if (cursor.state !== "live") cursor.isUnproven = true;
    for (const cursor of this.#fanOut.all()) {
      const from = cursor.pos;
      // The store was asked about the old head. A conflated cursor may stand behind it, where the log may be the same.
      const isAtOldHead = samePos(from, this.head);
      const found = isAtOldHead ? classify(from, read) : undefined;
      const missed = found !== undefined && isCarriedOver(cursor.mode, found.why, this.hasPhantoms) ? undefined : found;
      cursor.go("behind");
      cursor.isUnproven = !isAtOldHead;
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
    for (const { receiver, isToldLagging } of this.#cursors) {
      const now = status === "live" && isToldLagging ? "lagging" : status;
      receiver.send(statusFrame(this.alias, now, receiver.codec, why));
    }
  }

  async #listenVolatile(): Promise<void> {
    const receive = (body: Uint8Array): void => this.#fanOut.volatile(decodeVolatile(body));
    const stop = await subscribed(this.#env.presence.env, volatileTopic(this.name), receive, () => !this.#isDisposed);
    if (this.#isDisposed) stop?.();
    else this.#stopVolatile = stop;
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
