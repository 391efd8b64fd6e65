// A whole run of an application's test, written down and judged by the checker: what the log took on one side, what each
// follower was given on the other.

import { OptionError, utf8Decode, type Clock } from "@heddle/base";
import type { Channel, Off } from "@heddle/client/core";
import { memoryEngine } from "@heddle/hub/memory";
import type { Appended, Draft, Engine, Log } from "@heddle/hub/ports";
import { fromWirePos, isServerName, wireLimits, type Mode, type WirePos } from "@heddle/protocol";
import type { Contract } from "@heddle/protocol/contract";
import { check, type Facts, type FinalLog, type History, type SeenEntry, type Violation } from "../checker/index.ts";
import { Recorder } from "../simulation/recorder.ts";
import { ExpectationError } from "./deliveries.ts";

export interface RecordedRunOptions {
  readonly contract: Contract;
  /** The run's: `virtualTime()`, or the machine's. */
  readonly clock: Clock;
  /** Writes down what this one stores; offsets must be dense. Default: the engine in memory. */
  readonly engine?: Engine;
}

/** What following needs of a channel, typed by a contract or not. */
export type Followable = Pick<Channel, "name" | "status" | "attachedAt" | "onStatus" | "onGap" | "onSkip" | "onAny">;

export interface RecordedRun {
  /** For `createServer({ engine })`. */
  readonly engine: Engine;
  /** Everything so far. */
  readonly history: History;
  /** Follows `channel` as `who` and writes down what comes. @returns ends that, as somebody who has left */
  follow(who: string, channel: Followable): Off;
  /** Something that may cost entries happened: a gap is no surprise from now on. */
  fault(kind: string, target?: string): void;
  /**
   * Reads every log and judges the run as it stands. Let what is under way arrive before: everybody who follows must have
   * come to the log's end.
   */
  violations(): Promise<readonly Violation[]>;
  /** @throws {ExpectationError} naming what did not hold */
  expectGuarantees(): Promise<void>;
}

/** @throws {OptionError} */
export function recordRun({ contract, clock, engine = memoryEngine() }: RecordedRunOptions): RecordedRun {
  if (engine.traits.offsets !== "dense") throw new OptionError("engine", engine.name, "an engine with dense offsets");
  return new Run(contract, clock, engine);
}

/** Read back of a log at the end. */
const everything = { last: 100_000, limit: 100_000, bytes: 1e9 };
const shownCount = 5;

class Run implements RecordedRun {
  readonly engine: Engine;
  readonly #contract: Contract;
  readonly #inner: Engine;
  readonly #recorder: Recorder;
  readonly #channels = new Set<string>();

  constructor(contract: Contract, clock: Clock, inner: Engine) {
    this.#contract = contract;
    this.#recorder = new Recorder(clock);
    this.#inner = inner;
    const run = this;
    this.engine = {
      ...{ name: inner.name, traits: inner.traits },
      get bus() {
        return inner.bus;
      },
      get registry() {
        return inner.registry;
      },
      get log() {
        return run.#recording(inner.log);
      },
      start: (env) => inner.start(env),
      stop: () => inner.stop(),
    };
  }

  get history(): History {
    return this.#recorder.history;
  }

  follow(who: string, channel: Followable): Off {
    const recorder = this.#recorder;
    const [proc, sub] = [recorder.op(`${who}.`), recorder.op("s")];
    const definition = this.#contract.resolve(channel.name)?.definition;
    if (definition === undefined) throw new OptionError("follow", channel.name, "a channel of the contract");
    const { slow } = definition;
    const mode: Mode = typeof slow === "object" ? "key" : slow === "disconnect" ? "resume" : slow;
    recorder.record({ f: "proc", proc, user: who, is: "started" });
    recorder.record({ f: "sub", sub, proc, user: who, ch: channel.name, mode, at: undefined, mayEndWith: [] });
    const offs = this.#listen(sub, channel);
    return () => {
      for (const off of offs.splice(0)) off();
      recorder.record({ f: "sub-end", sub, code: undefined });
    };
  }

  fault(kind: string, target = ""): void {
    this.#recorder.fault(kind, target);
  }

  async violations(): Promise<readonly Violation[]> {
    const final = new Map<string, FinalLog>();
    for (const channel of this.#channels) {
      const { head, floor, entries } = await this.#inner.log.read(channel, everything);
      const seen = entries.map((entry) => ({ pos: entry.pos, id: entry.id, hash: hashOf(entry.id, entry.data) }));
      final.set(channel, { head, floor, entries: seen });
    }
    return check(this.history, this.#facts(final));
  }

  async expectGuarantees(): Promise<void> {
    const found = await this.violations();
    if (found.length === 0) return;
    const shown = found.slice(0, shownCount).map(({ invariant, message }) => `${invariant}: ${message}`);
    throw new ExpectationError(`${found.length} guarantees broken; ${shown.join("; ")}`, [], found);
  }

  #listen(sub: string, channel: Followable): Off[] {
    const recorder = this.#recorder;
    let isSubscribed = false;
    const subscribed = (): void => {
      const { state } = channel.status;
      if (isSubscribed || (state !== "receiving" && state !== "held") || channel.attachedAt === undefined) return;
      isSubscribed = true;
      recorder.record({ f: "subscribed", sub, pos: fromWirePos(channel.attachedAt) });
    };
    const noted =
      <T extends readonly unknown[]>(note: (...told: T) => void) =>
      (...told: T): void => {
        subscribed();
        note(...told);
      };
    const pos = (position: WirePos): SeenEntry["pos"] => fromWirePos(position);
    subscribed();
    return [
      channel.onStatus(
        noted(({ state, code }) => void (state === "ended" && recorder.record({ f: "sub-end", sub, code }))),
      ),
      channel.onGap(
        noted(({ why, from, to }) => recorder.record({ f: "gap", sub, why, from: pos(from), to: pos(to) })),
      ),
      channel.onSkip(noted(({ to }) => recorder.record({ f: "skip", sub, pos: pos(to) }))),
      channel.onAny(
        noted((payload, { position, id = "" }) => {
          if (position === undefined) return; // volatile events promise nothing
          recorder.record({ f: "deliver", sub, pos: pos(position), id, hash: hashOf(id, payload) });
        }),
      ),
    ];
  }

  /** The log, with every append that took effect written down. */
  #recording(log: Log): Log {
    return {
      ...{ attach: log.attach, read: log.read, heads: log.heads, drop: log.drop },
      append: async (channel, draft) => {
        const appended = await log.append(channel, draft);
        if (appended.s === "new" && !isServerName(channel)) await this.#stored(log, channel, draft, appended);
        return appended;
      },
    };
  }

  async #stored(log: Log, ch: string, { id, data }: Draft, { pos }: Appended & { readonly s: "new" }): Promise<void> {
    const recorder = this.#recorder;
    this.#channels.add(ch);
    const op = recorder.op("p");
    const hash = hashOf(id, data);
    const { floor } = await log.read(ch, { last: 1, limit: 1, bytes: 1 });
    recorder.record({ f: "pub", op, proc: "", ch, hash, until: "ack", isOrdered: false, mayFailWith: [] });
    recorder.record({ f: "stored", ch, pos, prevOffset: pos.offset - 1, floor: floor.offset, id, hash });
    recorder.record({ f: "pub-ok", op, pos, isDup: false, id });
  }

  #facts(final: ReadonlyMap<string, FinalLog>): Facts {
    return {
      final,
      recoverMax: (ch) => this.#contract.resolve(ch)?.definition.history.entries ?? Infinity,
      isForbidden: () => false,
      hasPhantoms: this.#inner.traits.phantoms,
      losingFaults: [...this.#recorder.faults.keys()],
      renewingFaults: [...this.#recorder.faults.keys()],
      splittingFaults: [],
      ...{ presenceFaults: [], staleFaults: [], presenceConvergeMs: Infinity },
      fifo: this.#inner.traits.producer === "none" ? "settled" : "strict",
      ...{ nodeLagMs: 0, presenceLagMs: 60_000, recoveryMs: 65_000 },
      ...{ presenceSettleMs: 0, presenceGraceMs: wireLimits.presenceGraceMs, tokenGraceMs: wireLimits.tokenGraceMs },
      ...{ revocationMs: 1_000, linkFaults: [], linkSettleMs: 0 },
      ...{ echoMs: Infinity, queueBytesMax: Infinity, outboxCountMax: Infinity },
    };
  }
}

/** Names a payload: unique by its id, and another one for other content. */
function hashOf(id: string, payload: unknown): string {
  const value = payload instanceof Uint8Array ? (JSON.parse(utf8Decode(payload)) as unknown) : payload;
  return `${id} ${JSON.stringify(value)}`;
}
