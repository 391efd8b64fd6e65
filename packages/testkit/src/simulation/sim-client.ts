// A client that writes down its every receipt and outcome. In the simulation its network is simulated; tests of real
// processes give it a real one.

import type { Clock, Random } from "@heddle/base";
import type { SeededRandom } from "@heddle/base/fakes";
import {
  createClientCore,
  HeddleError,
  LocalError,
  streamFrom,
  type ClientCore,
  type ClientLimits,
  type SubscribeOptions,
  type Transport,
} from "@heddle/client/core";
import { closeCodes, fromWirePos, type WirePos } from "@heddle/protocol";
import type { Plan } from "./plan.ts";
import type { Recorder } from "./recorder.ts";
import { listen, seen, type Following } from "./sim-following.ts";
import { askName, guardedChannel, isForbidden, kindOf, noticeName, type SimPayload } from "./sim-application.ts";

/** What a client lives in: a simulated world, or a real process with real sockets. */
export interface SimClientEnv {
  readonly time: { process(): Clock & { kill(): void } };
  readonly net: {
    transport(client: string, clock: Clock): Transport;
    links(client: string): readonly { loseClient(how: "process" | "machine"): void }[];
  };
  readonly random: SeededRandom;
  readonly recorder: Recorder;
  readonly plan: Pick<Plan, "hasSlowHandlers" | "tokenMs"> & Partial<Pick<Plan, "tokens" | "awaitsEchoes">>;
  /** Chance of the client proper. Default: a share of `random`. */
  readonly ownRandom?: Random;
  readonly limits?: Partial<ClientLimits>;
}

interface PublishOptions {
  readonly until?: "accepted" | "echo";
  /** Of padding. Bytes. */
  readonly size?: number;
  /** The hook refuses it. */
  readonly isBad?: boolean;
}

/** An error of the client's own, not the server's. */
const localCode = 0;
/** Different things a message can be about. */
const keyCount = 6;
/** What no request may end with. */
const brokenStreamCode = -1;

/** A stream had a hole, a repetition, or an end before its last value. */
class BrokenStreamError extends Error {}

export class SimClient {
  readonly name: string;
  /** Names this run of the process. */
  readonly proc: string;
  readonly user: string;
  readonly core: ClientCore;
  readonly clock: ReturnType<SimClientEnv["time"]["process"]>;
  readonly #env: SimClientEnv;
  readonly #random: SeededRandom;
  readonly #following = new Map<string, Following>();
  #published = 0;
  noticeCount = 0;
  #typed = 0;
  /** Tokens asked for so far. */
  #tokens = 0;
  /** It showed a token that names somebody else. */
  #isImpostor = false;
  #isGone = false;
  lastPublished: { readonly ch: string; readonly pos: WirePos } | undefined;

  constructor(name: string, run: number, env: SimClientEnv) {
    this.name = name;
    this.proc = `${name}.${run}`;
    this.user = `user-${name}`;
    this.#env = env;
    this.#random = env.random.fork();
    this.clock = env.time.process();
    const { recorder } = env;
    recorder.record({ f: "proc", proc: this.proc, user: this.user, is: "started" });
    this.core = createClientCore({
      clock: this.clock,
      random: env.ownRandom ?? this.#random.fork(),
      transport: env.net.transport(name, this.clock),
      windowCost: 65_536,
      holdBytes: 65_536,
      ...env.limits,
      token: () => this.#token(),
      onError: (error) => {
        throw error; // handlers of the workload do not throw: a bug
      },
    });
    this.core.onState((state) => {
      const code = "code" in state ? state.code : 0;
      recorder.record({ f: "state", proc: this.proc, state: state.name, code });
      // Whose token names somebody else is sent away for good, and comes back as itself or not at all.
      const isSentAway = env.plan.tokens === "of-others" && code === closeCodes.unauthorised.code;
      if ((this.#isImpostor && state.name !== "online") || isSentAway) void this.close();
    });
    this.core.onAsk(askName, () => this.proc);
    this.core.onNotice(noticeName, () => void this.noticeCount++);
    this.core.connect();
  }

  get channels(): readonly string[] {
    return [...this.#following.keys()];
  }

  /** It gave up, or its server told it to: nothing can be asked of it any more. */
  get isClosed(): boolean {
    return this.core.state.name === "closed";
  }

  /** Its process has ended. */
  get isGone(): boolean {
    return this.#isGone;
  }

  isFollowing(ch: string): boolean {
    return this.#following.has(ch);
  }

  /** Where the application stands on each channel it follows: what a careful one keeps on disk. */
  handled(): ReadonlyMap<string, WirePos> {
    const positions = new Map<string, WirePos>();
    for (const [ch, { channel }] of this.#following)
      if (channel.handled !== undefined) positions.set(ch, channel.handled);
    return positions;
  }

  follow(ch: string, options: SubscribeOptions = {}): void {
    const { recorder, plan } = this.#env;
    const channel = this.core.channel(ch, options);
    const { at } = options;
    const position = typeof at === "object" && "position" in at ? fromWirePos(at.position) : undefined;
    const { state } = channel.status;
    // A channel left and followed again within a turn was never let go of: it goes on where it stands, and says nothing.
    const goesOn = state !== "idle" && state !== "ended";
    const sub = recorder.op("s");
    const following: Following = {
      sub,
      channel,
      offs: [],
      isSnap: at === "snap",
      isSubscribed: position !== undefined || goesOn,
      isEnded: false,
    };
    this.#following.set(ch, following);
    recorder.record({
      f: "sub",
      ...{ sub, proc: this.proc, user: this.user, ch, at: position, ...(goesOn ? { goesOn } : {}) },
      mode: kindOf(ch)?.mode ?? "resume",
      mayEndWith: [
        ...(isForbidden(ch, "subscribe") || ch === guardedChannel ? [203] : []),
        ...(position?.tag === 0 ? [301] : []), // a tag nobody was ever given
      ],
    });
    const isSlow = plan.hasSlowHandlers && this.#random.chance(0.5);
    listen(following, ch, recorder, {
      afterGap: async () => isSlow && (await this.#pause(400)),
      afterMessage: async () => {
        if (isSlow && this.#random.chance(0.1)) await this.#pause(300);
        if (plan.awaitsEchoes === true && this.#random.chance(0.03)) await this.#publish(ch, { until: "echo" });
      },
    });
  }

  unfollow(ch: string): void {
    const following = this.#following.get(ch);
    if (following === undefined) return;
    this.#following.delete(ch);
    for (const off of following.offs) off();
    if (!following.isEnded) this.#env.recorder.record({ f: "sub-end", sub: following.sub, code: undefined });
    following.isEnded = true;
  }

  publish(ch: string, options: PublishOptions = {}): void {
    void this.#publish(ch, options);
  }

  sayTyping(ch: string): void {
    const hash = `${this.proc}/typing${++this.#typed}`;
    this.#env.recorder.record({ f: "pub-volatile", proc: this.proc, ch, hash });
    void this.core
      .channel(ch)
      .publish("typing", { h: hash }, { volatile: true })
      .catch(() => undefined); // volatile: promises nothing
  }

  /** Reads back: the newest page, or one that must include what this client published last. */
  readHistory(ch: string, min?: WirePos): void {
    const { recorder } = this.#env;
    const op = recorder.op("h");
    const mayFailWith = [...(isForbidden(ch, "history") || ch === guardedChannel ? [203] : []), 308, localCode];
    recorder.record({
      f: "history",
      op,
      proc: this.proc,
      user: this.user,
      ch,
      min: min && fromWirePos(min),
      mayFailWith,
    });
    this.core
      .channel(ch)
      .historyPage({ last: 20, ...(min ? { min } : {}) })
      .then(
        ({ entries }) =>
          recorder.record({ f: "history-ok", op, entries: entries.map(({ payload, meta }) => seen(payload, meta)) }),
        (error: unknown) => this.#requestFailed(op, error),
      );
  }

  call(op: "add" | "charge"): void {
    const isIdempotent = op === "charge";
    this.#request(`call ${op}`, [309], () => this.core.call(op, 1, { idempotent: isIdempotent }));
  }

  /** Reads a stream of numbers, in its time; often leaves it early. */
  stream(): void {
    const to = this.#random.between(1, 200);
    const leaveAt = this.#random.chance(0.4) ? this.#random.between(1, to) : Infinity;
    this.#request("stream", [309], () => this.#readCount(to, leaveAt));
  }

  enter(ch: string): void {
    this.#env.recorder.record({ f: "member", proc: this.proc, ch, is: "in" });
    this.#request(`enter ${ch}`, [], () => this.core.channel(ch).presence.enter({ proc: this.proc }));
  }

  leave(ch: string): void {
    this.#env.recorder.record({ f: "member", proc: this.proc, ch, is: "out" });
    this.#request(`leave ${ch}`, [], () => this.core.channel(ch).presence.leave());
  }

  watch(ch: string): () => void {
    return this.core.channel(ch).presence.onChange(({ members }) => {
      const view = [...members.values()].map(({ data }) => (data as { proc: string }).proc).sort();
      this.#env.recorder.record({ f: "presence", proc: this.proc, ch, view });
    });
  }

  async close(): Promise<void> {
    if (this.#isGone) return;
    this.#isGone = true;
    for (const ch of this.channels) this.unfollow(ch);
    this.#env.recorder.record({ f: "proc", proc: this.proc, user: this.user, is: "closed" });
    await this.core.close();
  }

  crash(how: "process" | "machine"): void {
    this.#isGone = true;
    this.clock.kill();
    for (const link of this.#env.net.links(this.name)) link.loseClient(how);
    this.#env.recorder.record({ f: "proc", proc: this.proc, user: this.user, is: "crashed" });
  }

  /** Each with what the one before allowed, until one does not; or, while one is in use, one that names somebody else. */
  #token(): string {
    const { plan, recorder } = this.#env;
    const isFirst = this.#tokens++ === 0;
    const isOnline = this.core.state.name === "online";
    this.#isImpostor = plan.tokens === "of-others" && isOnline && this.#random.chance(0.5);
    const mayEnter = plan.tokens !== "changing" || isFirst;
    const user = this.#isImpostor ? `${this.user}-other` : this.user;
    const untilMs = this.clock.monotonicMs() + plan.tokenMs;
    recorder.record({ f: "auth", proc: this.proc, user, untilMs, forbids: mayEnter ? [] : [guardedChannel] });
    // The rights change while this subscription is on its way.
    if (!mayEnter && isOnline && !this.isFollowing(guardedChannel)) this.follow(guardedChannel, { at: "live" });
    const nowMs = this.clock.wallMs();
    return `${user} ${nowMs + plan.tokenMs} ${nowMs}${mayEnter ? " guarded" : ""}`;
  }

  async #readCount(to: number, leaveAt: number): Promise<void> {
    let last = 0;
    for await (const value of streamFrom(this.core, "count", to, { windowCost: 4_096 })) {
      const { n } = value as { n: number };
      if (n !== last + 1) throw new BrokenStreamError(`${n} behind ${last}`);
      last = n;
      if (n === leaveAt) return;
      if (this.#random.chance(0.05)) await this.#pause(100);
    }
    if (last !== to) throw new BrokenStreamError(`ended behind ${last} of ${to}`);
  }

  /** Resolves when it is known, or known that it never will be, what became of it. */
  #publish(ch: string, { until = "accepted", size = 0, isBad = false }: PublishOptions): Promise<void> {
    const { recorder, plan } = this.#env;
    const op = recorder.op("p");
    const hash = `${this.proc}/${++this.#published}`;
    const payload: SimPayload = {
      h: hash,
      ...(size > 0 ? { pad: "x\n".repeat(size / 2) } : {}),
      ...(isBad ? { isBad } : {}),
      ...(kindOf(ch)?.mode === "key" ? { k: String(this.#random.between(1, keyCount)) } : {}),
    };
    // A hook refuses what is bad, and now and then something else.
    const mayBeForbidden = isForbidden(ch, "publish") || (ch === guardedChannel && plan.tokens === "changing");
    const mayFailWith = [...(mayBeForbidden ? [203] : []), 306, localCode];
    // Where its subscription was refused nothing comes back; a client that asks all the same waits its full minute.
    const isEcho = until === "echo" && this.#following.get(ch)?.isEnded === false;
    recorder.record({
      f: "pub",
      ...{ op, proc: this.proc, ch, hash, mayFailWith },
      until: isEcho ? "echo" : "ack",
      isOrdered: true,
    });
    return this.core
      .channel(ch)
      .publish("message", payload, isEcho ? { until } : {})
      .then(
        ({ position, id, duplicate }) => {
          const pos = position && fromWirePos(position);
          if (position !== undefined) this.lastPublished = { ch, pos: position };
          recorder.record({ f: "pub-ok", op, pos, isDup: duplicate, id: id ?? "" });
        },
        (error: unknown) => this.#publishFailed(op, error),
      );
  }

  #pause(mostMs: number): Promise<void> {
    return new Promise((resolve) => void this.clock.after(this.#random.float() * mostMs, resolve));
  }

  #request(what: string, mayFailWith: readonly number[], run: () => Promise<unknown>): void {
    const { recorder } = this.#env;
    const op = recorder.op("r");
    recorder.record({ f: "request", op, proc: this.proc, what, mayFailWith: [...mayFailWith, localCode] });
    run().then(
      () => recorder.record({ f: "request-ok", op }),
      (error: unknown) => this.#requestFailed(op, error),
    );
  }

  #publishFailed(op: string, error: unknown): void {
    const { recorder } = this.#env;
    if (error instanceof HeddleError) return recorder.record({ f: "pub-fail", op, code: error.code });
    if (error instanceof LocalError && error.outcome === "none")
      return recorder.record({ f: "pub-fail", op, code: localCode });
    recorder.record({ f: "pub-unknown", op, why: String(error) });
  }

  #requestFailed(op: string, error: unknown): void {
    const code =
      error instanceof BrokenStreamError ? brokenStreamCode : error instanceof HeddleError ? error.code : localCode;
    this.#env.recorder.record({ f: "request-fail", op, code, why: String(error) });
  }
}
