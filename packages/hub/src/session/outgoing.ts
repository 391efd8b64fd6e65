// What one connection may be sent, and when it must wait: the flow-control window, the queue limit, and the turn to
// lagging, which takes queued publications back because the log keeps them.

import { Signal, type Clock } from "@heddle/base";
import { wireLimits, type Codec } from "@heddle/protocol";
import type { Cursor, Receiver } from "../channel/cursor.ts";
import { CatchUp } from "../channel/catch-up.ts";
import { statusFrame } from "../channel/frames.ts";
import type { HubLimits } from "../options.ts";
import type { ConnectionPort, Frame, HubCounters } from "../ports/index.ts";

/** A lagging connection reads on when its queue is down to this part of its limit. */
const lowShare = 4;

/** A frame's cost is its characters or bytes: no codec and no frame header makes more bytes of it. */
const bytesPerCostMax = 4;

/** How often a lagging connection is looked at, besides its acknowledgements and writability. Milliseconds. */
const lookAgainMs = 1_000;

/** Whose cursors read on and are pushed to by this connection. */
interface Subscribed {
  cursors(): readonly Cursor[];
}

export class Outgoing implements Receiver {
  readonly port: ConnectionPort;
  readonly codec: Codec;
  readonly #clock: Clock;
  readonly #limits: HubLimits;
  readonly #counters: HubCounters;
  readonly #catchUp: CatchUp;
  readonly #subscribed: Subscribed;
  readonly #giveUp: (why: string) => void;
  readonly #isWindowed: boolean;
  readonly #surelyShortCost: number;
  #acknowledged: Signal<number> | undefined;
  #windowCost: number;
  #isCounting = false;
  #sentCount = 0;
  #sentCost = 0;
  #ackedCount = 0;
  #ackedCost = 0;
  #isLagging = false;
  #isDisposed = false;
  #lagTimer: Disposable | undefined;
  /** Ends listening for room, which a lagging connection alone does. */
  #stopListening: (() => void) | undefined;

  /**
   * @param subscribed  asked for its cursors when the connection lags
   * @param giveUp      called once when the connection is too slow to keep
   */
  constructor(
    port: ConnectionPort,
    env: { readonly clock: Clock; readonly limits: HubLimits; readonly counters: HubCounters },
    subscribed: Subscribed,
    giveUp: (why: string) => void,
  ) {
    this.port = port;
    this.codec = port.codec;
    this.#clock = env.clock;
    this.#limits = env.limits;
    this.#counters = env.counters;
    this.#isWindowed = port.windowed;
    this.#surelyShortCost = env.limits.queueBytes / bytesPerCostMax;
    this.#windowCost = env.limits.windowCost;
    this.#subscribed = subscribed;
    this.#giveUp = giveUp;
    this.#catchUp = new CatchUp(this, env, () => this.#lag(false));
  }

  /** Frames were acknowledged. Made for the first who asks. */
  get acknowledged(): Signal<number> {
    return (this.#acknowledged ??= new Signal());
  }

  get sentCount(): number {
    return this.#sentCount;
  }

  get isLagging(): boolean {
    return this.#isLagging;
  }

  get windowCost(): number {
    return this.#windowCost;
  }

  /** After `welcome`: every frame from here on costs. */
  open(windowCost: number | undefined): void {
    const wanted = windowCost ?? this.#limits.windowCost;
    this.#windowCost = Math.min(Math.max(wanted, wireLimits.windowCostMin), wireLimits.windowCostMax);
    this.#isCounting = true;
  }

  hasRoomFor(cost: number): boolean {
    if (this.#isLagging) return false;
    if (!this.#isWindowed) return this.port.queuedBytes <= this.#limits.queueBytes;
    const inFlight = this.#sentCost - this.#ackedCost;
    if (inFlight + cost > this.#windowCost && inFlight > 0) return false;
    // What is not acknowledged bounds what can be queued: mostly the queue, which lies elsewhere in memory, need not be asked.
    return inFlight <= this.#surelyShortCost || this.port.queuedBytes <= this.#limits.queueBytes;
  }

  note(cost: number): void {
    this.#sentCount++;
    this.#sentCost += cost;
  }

  take(cost: number): boolean {
    const hasRoom = this.hasRoomFor(cost);
    if (hasRoom) this.note(cost);
    return hasRoom;
  }

  send(frame: Frame): void {
    if (this.#isCounting) this.note(frame.cost);
    this.port.send(frame);
    const hardLimit = this.#limits.queueBytes + this.#limits.controlHeadroomBytes;
    if (this.port.queuedBytes <= hardLimit) return;
    if (!this.#isLagging) this.overflow();
    if (this.port.queuedBytes > hardLimit) this.#giveUp("more answers are queued than the connection takes");
  }

  /** Totals the peer has taken out. False when they fall, or claim more than was sent. */
  ack(count: number, cost: number): boolean {
    if (count < this.#ackedCount || cost < this.#ackedCost || count > this.#sentCount || cost > this.#sentCost)
      return false;
    this.#ackedCount = count;
    this.#ackedCost = cost;
    this.#acknowledged?.emit(count);
    this.#lookAgain();
    return true;
  }

  wake(cursor: Cursor): void {
    this.#catchUp.wake(cursor);
  }

  overflow(): void {
    const taken = this.port.takeBack();
    for (const frame of taken) {
      this.#sentCount--;
      this.#sentCost -= frame.cost;
    }
    const byAlias = new Map<number, Frame[]>();
    for (const frame of taken) {
      const frames = byAlias.get(frame.alias);
      if (frames === undefined) byAlias.set(frame.alias, [frame]);
      else frames.push(frame);
    }
    this.#lag(true);
    const cursors = new Map(this.#subscribed.cursors().map((cursor) => [cursor.channel.alias, cursor]));
    for (const [alias, frames] of byAlias) cursors.get(alias)?.returnFrames(frames);
    // What was taken back may have been all there was in flight: then no acknowledgement will come to wake us.
    this.#clock.turnEnd(() => this.#lookAgain());
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#lagTimer?.[Symbol.dispose]();
    this.#stopListening?.();
  }

  /** @param isBehindLive  a live subscription could not be pushed to; else one that catches up has filled the connection */
  #lag(isBehindLive: boolean): void {
    if (this.#isLagging) return;
    this.#isLagging = true;
    this.#counters.laggings++;
    let isUnwanted = false;
    for (const cursor of this.#subscribed.cursors()) {
      const { channel, state, mode } = cursor;
      if (state === "live") isUnwanted ||= isBehindLive && mode === "resume" && channel.disconnectsSlow;
      cursor.go("overflow");
      // Who was behind already knows: it is told once until it is up again.
      if (state !== "live" || cursor.isToldLagging) continue;
      cursor.isToldLagging = true;
      this.send(statusFrame(channel.alias, "lagging", this.codec));
    }
    if (isUnwanted) this.#giveUp("too slow for a channel that does not wait");
    if (this.#isDisposed) return;
    this.#stopListening = this.port.writable.on(() => this.#lookAgain());
    const sinceMs = this.#clock.monotonicMs();
    const look = (): void => {
      this.#lookAgain();
      if (!this.#isLagging) return;
      if (this.#clock.monotonicMs() - sinceMs >= this.#limits.slowMs) {
        this.#giveUp(`nothing was taken for ${this.#limits.slowMs} ms`);
        return;
      }
      this.#lagTimer = this.#clock.after(lookAgainMs, look);
    };
    this.#lagTimer = this.#clock.after(lookAgainMs, look);
  }

  /** Lets the cursors read on when the queue is low and at least half of the window is open. */
  #lookAgain(): void {
    if (!this.#isLagging || this.port.queuedBytes > this.#limits.queueBytes / lowShare) return;
    if (this.#isWindowed && 2 * (this.#sentCost - this.#ackedCost) > this.#windowCost) return;
    this.#isLagging = false;
    this.#lagTimer?.[Symbol.dispose]();
    this.#stopListening?.();
    this.#catchUp.goOn(this.#subscribed.cursors());
  }
}
