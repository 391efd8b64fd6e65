// Builds small histories by hand: a world of two instances, `a` that publishes and `b` that subscribes, on one channel
// `room`. Entry n has the payload `m<n>`, the id `x:<n>` and, unless told otherwise, offset n of epoch `e`.

import { rootTag, type GapCause, type Pos } from "@heddle/protocol";
import type { Facts, FinalLog, HistoryEvent, SeenEntry, StoredEvent, Unstamped } from "../checker/index.ts";

type Event<F extends HistoryEvent["f"]> = Partial<Omit<Extract<HistoryEvent, { f: F }>, "f" | "ts">>;

/** The place behind entry `offset`; 0 is the root. */
export const at = (offset: number, epoch = "e", tag = offset === 0 ? rootTag : offset + 1): Pos => ({
  epoch,
  offset,
  tag,
});

export const entry = (n: number): SeenEntry => ({ pos: at(n), hash: `m${n}`, id: `x:${n}` });

export class HistoryBuilder {
  readonly history: HistoryEvent[] = [];
  readonly #facts: Omit<Facts, "final"> = {
    recoverMax: () => 100,
    isForbidden: () => false,
    hasPhantoms: false,
    fifo: "strict",
    losingFaults: ["failover", "split-store", "store-lost"],
    renewingFaults: ["store-lost"],
    splittingFaults: ["split-store"],
    nodeLagMs: 0,
    presenceFaults: ["cut"],
    staleFaults: ["bus-cut"],
    presenceConvergeMs: 40_000,
    echoMs: 60_000,
    presenceSettleMs: 60_000,
    presenceLagMs: 1_000,
    presenceGraceMs: 10_000,
    tokenGraceMs: 5_000,
    revocationMs: 1_000,
    linkFaults: ["bus-cut"],
    linkSettleMs: 5_000,
    recoveryMs: 65_000,
    queueBytesMax: 1_000,
    outboxCountMax: 10,
  };
  #given: Partial<Facts> = {};
  #nowMs = 0;

  constructor() {
    for (const proc of ["a", "b"]) this.proc(proc, "started").state("online", { proc });
  }

  /** What the checker is to know, beside the final logs: those are what was stored. */
  get facts(): Facts {
    return { ...this.#facts, final: finalLogs(this.history), ...this.#given };
  }

  given(facts: Partial<Facts>): this {
    this.#given = { ...this.#given, ...facts };
    return this;
  }

  /** Every event happens 1 ms after the one before it, and after what was waited. */
  add(event: Unstamped): this {
    this.history.push({ ts: ++this.#nowMs, ...event } as HistoryEvent);
    return this;
  }

  wait(ms: number): this {
    this.#nowMs += ms;
    return this;
  }

  proc(proc: string, is: "started" | "closed" | "crashed"): this {
    return this.add({ f: "proc", proc, user: `user-${proc}`, is });
  }

  state(state: "online" | "waiting" | "closed", more: Event<"state"> = {}): this {
    return this.add({ f: "state", proc: "b", code: 0, ...more, state });
  }

  fault(kind: string, target = ""): this {
    return this.add({ f: "fault", kind, target });
  }

  pub(n: number, more: Event<"pub"> = {}): this {
    const rest = { until: "ack", isOrdered: true, mayFailWith: [] } as const;
    return this.add({ f: "pub", op: `p${n}`, proc: "a", ch: "room", hash: `m${n}`, ...rest, ...more });
  }

  ok(n: number, more: Event<"pub-ok"> = {}): this {
    return this.add({ f: "pub-ok", op: `p${n}`, pos: at(n), isDup: false, id: `x:${n}`, ...more });
  }

  fail(n: number, code: number): this {
    return this.add({ f: "pub-fail", op: `p${n}`, code });
  }

  unknown(n: number): this {
    return this.add({ f: "pub-unknown", op: `p${n}`, why: "link" });
  }

  /** Asked for, and nobody knows whether it was stored. */
  attempted(...ns: readonly number[]): this {
    for (const n of ns) this.pub(n).unknown(n);
    return this;
  }

  stored(n: number, more: Event<"stored"> = {}): this {
    const pos = more.pos ?? at(n);
    return this.add({ f: "stored", ch: "room", ...entry(n), pos, prevOffset: pos.offset - 1, floor: 0, ...more });
  }

  /** Asked for, stored and answered. */
  published(n: number, more: Event<"stored"> = {}): this {
    return this.pub(n)
      .stored(n, more)
      .ok(n, { pos: more.pos ?? at(n), id: more.id ?? `x:${n}` });
  }

  /** Entries 1 to `count`, of which only those behind `floor` are retained in the end. */
  publishedUpTo(count: number, floor = 0): this {
    for (let n = 1; n <= count; n++) this.published(n, { floor: n === count ? floor : 0 });
    return this;
  }

  sub(more: Event<"sub"> = {}): this {
    const rest = { user: "user-b", ch: "room", mode: "resume", at: undefined, mayEndWith: [] } as const;
    return this.add({ f: "sub", sub: "s", proc: "b", ...rest, ...more });
  }

  subscribed(offset: number, sub = "s"): this {
    return this.add({ f: "subscribed", sub, pos: at(offset) });
  }

  deliver(n: number, more: Event<"deliver"> = {}): this {
    return this.add({ f: "deliver", sub: "s", ...entry(n), ...more });
  }

  gap(why: GapCause, from: Pos, to: Pos): this {
    return this.add({ f: "gap", sub: "s", why, from, to });
  }

  end(code: number | undefined): this {
    return this.add({ f: "sub-end", sub: "s", code });
  }

  ask(more: Event<"history"> = {}): this {
    const rest = { user: "user-b", ch: "room", min: undefined, mayFailWith: [] };
    return this.add({ f: "history", op: "h", proc: "b", ...rest, ...more });
  }

  page(...ns: readonly number[]): this {
    return this.add({ f: "history-ok", op: "h", entries: ns.map(entry) });
  }

  request(more: Event<"request"> = {}): this {
    return this.add({ f: "request", op: "r", proc: "b", what: "call add", mayFailWith: [], ...more });
  }

  member(is: "in" | "out", proc = "a"): this {
    return this.add({ f: "member", proc, ch: "room", is });
  }

  /** What `b` sees. */
  view(...view: readonly string[]): this {
    return this.add({ f: "presence", proc: "b", ch: "room", view });
  }
}

/** Each channel with the epoch it ended with, as the last stored entry left it. */
function finalLogs(history: readonly HistoryEvent[]): Map<string, FinalLog> {
  const final = new Map<string, FinalLog>();
  const stored = history.filter((event): event is StoredEvent => event.f === "stored");
  for (const { ch, pos: head, floor } of stored) {
    const log = stored.filter((other) => other.ch === ch && other.pos.epoch === head.epoch);
    const below = log.filter(({ pos }) => pos.offset <= floor).at(-1)?.pos ?? at(0, head.epoch);
    const entries = log.filter(({ pos }) => pos.offset > floor && pos.offset <= head.offset);
    final.set(ch, { head, floor: below, entries: entries.map(({ pos, hash, id }) => ({ pos, hash, id })) });
  }
  return final;
}
