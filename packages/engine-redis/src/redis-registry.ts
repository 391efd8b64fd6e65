// Which nodes are alive: each says so every few seconds, and hears itself say it. A lease runs only as long as one's own voice comes
// back, so neither an outage of Redis, a link that is dead unnoticed, nor a sleep of one's own declares anybody gone; after one,
// everybody has a whole lease to be heard again.

import { Signal, utf8Decode, utf8Encode, type Clock } from "@heddle/base";
import type { NodeId, Registry } from "@heddle/hub/ports";
import type { RedisLimits } from "./limits.ts";
import type { RedisBus } from "./redis-bus.ts";

const topic = "nodes";

export class RedisRegistry implements Registry, Disposable {
  readonly self: NodeId;
  readonly changed = new Signal<{ readonly alive: readonly NodeId[]; readonly left: readonly NodeId[] }>();
  readonly #bus: RedisBus;
  readonly #clock: Clock;
  readonly #limits: RedisLimits;
  /** Other nodes, and when they were last heard of. */
  readonly #heardMs = new Map<NodeId, number>();
  /** Leases run from here… */
  #sinceMs: number;
  /** …to here: when our own voice was last heard. */
  #echoMs: number;
  #timer: Disposable | undefined;
  #isClosed = false;

  constructor(self: NodeId, bus: RedisBus, clock: Clock, limits: RedisLimits) {
    this.self = self;
    this.#bus = bus;
    this.#clock = clock;
    this.#limits = limits;
    this.#sinceMs = clock.monotonicMs();
    this.#echoMs = this.#sinceMs;
    bus.link.on(({ up }) => void (up && !this.#isClosed && this.#say("alive")));
  }

  /** @throws {EngineError} */
  async join(): Promise<void> {
    await this.#bus.subscribe(topic, (body, from) => this.#heard(utf8Decode(body), from));
    this.#say("joined");
    this.#timer = this.#clock.after(this.#limits.heartbeatMs, () => this.#beat());
  }

  alive(): readonly NodeId[] {
    return [this.self, ...this.#heardMs.keys()];
  }

  /** Tells the others. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.[Symbol.dispose]();
    this.#say("left");
  }

  #say(what: "joined" | "alive" | "left"): void {
    this.#bus.publish(topic, utf8Encode(what));
  }

  #heard(what: string, from: NodeId): void {
    if (this.#isClosed) return;
    if (from === this.self) return this.#echo();
    if (what === "left") {
      if (this.#heardMs.delete(from)) this.changed.emit({ alive: this.alive(), left: [from] });
      return;
    }
    const isNew = !this.#heardMs.has(from);
    this.#heardMs.set(from, this.#clock.monotonicMs());
    if (what === "joined") this.#say("alive"); // so that it need not wait for a heartbeat
    if (isNew) this.changed.emit({ alive: this.alive(), left: [] });
  }

  #echo(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#echoMs > 2 * this.#limits.heartbeatMs) this.#sinceMs = nowMs;
    this.#echoMs = nowMs;
  }

  #beat(): void {
    const { heartbeatMs, leaseMs } = this.#limits;
    this.#timer = this.#clock.after(heartbeatMs, () => this.#beat());
    this.#say("alive");
    const left = [...this.#heardMs].filter(([, heardMs]) => this.#echoMs - Math.max(heardMs, this.#sinceMs) > leaseMs);
    for (const [node] of left) this.#heardMs.delete(node);
    if (left.length > 0) this.changed.emit({ alive: this.alive(), left: left.map(([node]) => node) });
  }
}
