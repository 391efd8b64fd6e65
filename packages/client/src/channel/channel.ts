// One channel as this client follows it: where it stands, what it asked, and whether what arrives is the next of its chain.

import type { Clock } from "@heddle/base";
import type { ErrFrame, Gap, Mode, ServerFrame, Start, SubBody, SubdFrame, WirePos } from "@heddle/protocol";
import type { Loose, Send } from "../connection/send.ts";
import { HeddleError, LocalError, retryMsOf } from "../errors.ts";
import { newEmitter, type Emitter, type Listener, type Off } from "../emitter.ts";
import type { Outbox, Published, PublishOptions } from "../outbox/outbox.ts";
import type { Ask } from "../requests/requests.ts";
import type { Sender } from "../requests/sender.ts";
import type { Counters } from "../stats.ts";
import { cancel } from "../timers.ts";
import { newDelivery, type DeliveryKinds, type Message, type Meta } from "./delivery.ts";
import { history, historyPage, type HistoryPage, type HistoryQuery } from "./history.ts";
import { newPresence, type ChannelPresence, type PresenceState } from "./presence.ts";
import { channelTransitions, type ChannelState, type ChannelTrigger } from "./states.ts";

export interface SubscribeOptions {
  /** Where to begin: now (default), with the last `n` entries, with a snapshot, or behind a position kept from earlier. */
  readonly at?: "live" | "snap" | { readonly last: number } | { readonly position: WirePos } | undefined;
  /** Weaker than the channel offers, e.g. `latest`. */
  readonly mode?: Mode | undefined;
  /** Follow who is there. */
  readonly presence?: boolean | undefined;
  /** Pass over what this client published itself. */
  readonly noEcho?: boolean | undefined;
}

export interface ChannelPublishOptions extends PublishOptions {
  /**
   * `accepted` (default): the log has it. `echo`: and this client's own subscription has received it; needs a handler on
   * this channel.
   */
  readonly until?: "accepted" | "echo" | undefined;
  /** For events the contract declares volatile: sent once or, without a connection, not at all. */
  readonly volatile?: boolean | undefined;
}

/** How a subscription is doing. `code` and `why` are the server's, when it said something. */
export interface ChannelStatus {
  readonly state: ChannelState;
  readonly code?: number | undefined;
  readonly why?: string | undefined;
  /** The server cannot reach the channel's log, or we read too slowly; nothing is lost by that. */
  readonly degraded: boolean;
}

export interface Skip {
  readonly from: WirePos;
  readonly to: WirePos;
}

export interface Channel {
  readonly name: string;
  /** Who is there, and being one of them. */
  readonly presence: ChannelPresence;
  readonly status: ChannelStatus;
  /** Where this subscription began: history before it completes what is delivered. Undefined before that. */
  readonly attachedAt: WirePos | undefined;
  /** The position behind the latest entry that came. */
  readonly received: WirePos | undefined;
  /** The position behind the latest entry that was handled: what to keep with the application's own state. */
  readonly handled: WirePos | undefined;
  /**
   * Calls `handler` with every entry of `event`, in order, each when the one before is handled. The first handler
   * subscribes; when the last is gone, the subscription ends.
   *
   * @throws {LocalError} `closed`
   */
  on(event: string, handler: (payload: unknown, meta: Meta) => unknown): Off;
  /** As `on`, for every event. */
  onAny(handler: (payload: unknown, meta: Meta) => unknown): Off;
  /** Calls `handler` with the state a subscription `at: "snap"` begins with; the stream goes on from it. Subscribes. */
  onSnapshot(handler: Listener<unknown>): Off;
  /**
   * Something was missed between `from` and `to`. Entries wait until the handler is done. A position it returns says how
   * far what it loaded reaches: entries up to there are not delivered again.
   */
  onGap(handler: Listener<Gap, void | WirePos>): Off;
  /** Entries were left out on purpose (conflated). */
  onSkip(handler: Listener<Skip>): Off;
  onStatus(handler: Listener<ChannelStatus>): Off;
  /** Resolves when subscribed; something must have subscribed it. @throws {HeddleError} refused */
  ready(): Promise<void>;
  /**
   * Resolves when the channel's log has the event, exactly once, however often the connection is lost meanwhile.
   *
   * @throws {HeddleError} refused: it is not in the log
   * @throws {LocalError} `backpressure`, `aborted`, `timeout`, `closed`, `user-changed`, `unknown-outcome`, `not-echoed`
   */
  publish(event: string, payload: unknown, options?: ChannelPublishOptions): Promise<Published>;
  /** One page of the past. @throws {HeddleError} `expired` (308) when the position is not kept any more, `forbidden` */
  historyPage(query: HistoryQuery): Promise<HistoryPage>;
  /** Walks through the past, newest first; with `after`, oldest first. Pages are fetched as they are needed. */
  history(query: HistoryQuery): AsyncGenerator<Message, void, undefined>;
}

/** What the client asks of a channel. */
export interface ChannelInside {
  readonly channel: Channel;
  /** Given by the server: cannot be asked for or ended. */
  readonly isImplicit: boolean;
  /** The handlers. Adding some here subscribes nothing. */
  readonly handlers: Emitter<ChannelKinds>;
  /** Takes options for a subscription that has not begun. */
  use(options: SubscribeOptions): void;
  /** Whether it does nothing now. */
  isUnused(): boolean;
  /** Cost of what would be given up by parking it; 0 when it cannot be. */
  parkable(): number;
  /** Its handlers are too slow: lets go of what waits, and of the channel until they settle. */
  park(): void;
  /** What `hello` says of it: undefined when it is not wanted now. */
  joining(): Loose<SubBody> | undefined;
  welcomed(): void;
  /** The server subscribed us by itself. */
  given(frame: SubdFrame, cost: number): void;
  /** A frame with this channel's alias. */
  frame(frame: ServerFrame, cost: number): void;
  /** @param areVoid  positions mean nothing any more */
  lost(areVoid: boolean): void;
  closed(error: LocalError): void;
}

interface ChannelKinds extends DeliveryKinds {
  readonly snapshot: unknown;
  readonly skip: Skip;
  readonly status: ChannelStatus;
  readonly presence: PresenceState;
}

/** What a channel needs of its client. */
export interface ChannelEnv extends Pick<Sender, "expect">, Pick<Outbox, "publish" | "number"> {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly ask: Ask;
  readonly failed: (error: unknown) => void;
  /** Connects unless connected. @throws {LocalError} `closed` */
  readonly connect: () => void;
  readonly isOnline: () => boolean;
  readonly send: Send;
  /** Identity of this client's publishes; undefined before the first connection. */
  readonly x: () => string | undefined;
  /** Sends a `sub` or `unsub`, unless there is no server to hear it. */
  readonly say: (frame: () => Parameters<Send>[0]) => void;
  /** Frames with this alias are this channel's, or nobody's. */
  readonly route: (alias: number, channel: ChannelInside | undefined) => void;
  /** What waits for slow handlers changed. */
  readonly held: (costDelta: number) => void;
  /** Begins a new connection: what the server gave by itself can be had again in no other way. */
  readonly restart: (why: string) => void;
  /** It is used: it has its name for itself. @throws {LocalError} `closed` when another has the name meanwhile */
  readonly keep: (channel: ChannelInside) => void;
  /** It is over with a channel the server gave. */
  readonly forget: (channel: ChannelInside) => void;
}

interface Waiter {
  readonly position: WirePos | undefined;
  resolve(): void;
  reject(error: Error): void;
}

/** Pause before a broken stream is begun anew. */
const chainBreakMs = 200;
const snapshotTriesMax = 3;

export function newChannel(env: ChannelEnv, name: string, given: SubscribeOptions, isImplicit = false): ChannelInside {
  const { clock, counters, failed, ask, expect, number, say } = env;
  const handlers = newEmitter<ChannelKinds>(failed);
  const { add } = handlers;
  let options = given;
  let followsPresence: boolean | undefined;
  let state: ChannelState = "idle";
  let ticket: string | undefined;
  /** Number of the latest `sub`, while unanswered. */
  let asked: number | undefined;
  let alias: number | undefined;
  let mode: Mode | undefined;
  /** Positions are void: begin live and say so by a gap. */
  let isVoid = false;
  let retry: Disposable | undefined;
  let snapshotTries = 0;
  let holdCount = 0;
  /** Why it ended. */
  let refusal: HeddleError | undefined;
  let waiters: Waiter[] = [];

  const tell = (told: Partial<ChannelStatus>): void =>
    void handlers.tell("status", (self.status = { ...self.status, ...told, state }));
  const go = (trigger: ChannelTrigger, told?: Partial<ChannelStatus>): void => {
    const next = channelTransitions[state][trigger];
    if (!next) return;
    state = next;
    tell({ code: undefined, why: undefined, ...told });
  };

  const delivery = newDelivery(
    handlers,
    env.held,
    () => {
      if (!delivery.hasGap()) go("settled");
      if (state === "parked" && !delivery.isBusy()) subscribe();
    },
    (id, isRepeated) => {
      if (isRepeated) counters.duplicates++;
      return isRepeated || (!!options.noEcho && id.startsWith(`${env.x()}:`));
    },
  );

  const connect = (): void => {
    env.connect();
    env.keep(inside);
  };

  // ── asking ────────────────────────────────────────────────────────────────────────────────────────────────────────

  const start = (): Start => {
    if (isVoid) return "live";
    if (self.received) return ["pos", ...self.received];
    const { at = "live" } = options;
    if (typeof at === "string") return at;
    return "last" in at ? ["last", at.last] : ["pos", ...at.position];
  };

  const request = (): Loose<SubBody> => {
    const r = expect((answer, cost) => {
      if (r !== asked) return; // it answers an earlier `sub`
      asked = undefined;
      if (answer.t === "subd") subscribed(answer, cost);
      else ended(answer as ErrFrame);
    });
    asked = r;
    return {
      r,
      ch: name,
      at: start(),
      m: options.mode,
      pr: options.presence || followsPresence ? 1 : undefined,
      j: ticket,
    };
  };

  const subscribe = (): void => {
    cancel(retry);
    refusal = undefined;
    if (state === "parked") self.received = delivery.handled;
    go("ask");
    say(() => ({ t: "sub", ...request() }));
  };

  const subscribeAfter = (ms: number, told: Partial<ChannelStatus>): void => {
    if (isImplicit) return env.restart(`${name}: ${told.why}`);
    cancel(retry);
    go("ask");
    tell(told);
    retry = clock.after(ms, subscribe);
  };

  const unroute = (): void => {
    if (alias !== undefined) env.route(alias, undefined);
    alias = asked = undefined;
  };

  const unsubscribe = (): void => {
    if ((asked ?? alias) !== undefined) say(() => ({ t: "unsub", r: expect(() => undefined), ch: name }));
    unroute();
  };

  const leave = (): void => {
    if (holdCount) return;
    unsubscribe();
    cancel(retry);
    go("leave");
    delivery.reset();
    presence.clear();
    self.received = self.attachedAt = ticket = followsPresence = undefined;
    isVoid = false;
    settle(({ position }) => unreached(position, "unsubscribed"));
  };

  const follow = <Kind extends keyof ChannelKinds>(kind: Kind, listener: Listener<ChannelKinds[Kind]>): Off => {
    connect();
    const off = add(kind, listener);
    holdCount++;
    if (state === "idle" || state === "ended") subscribe();
    let isHeld = true;
    return () => {
      off();
      // Whoever comes back within this turn finds it as it was.
      if (isHeld && !--holdCount) clock.turnEnd(leave);
      isHeld = false;
    };
  };

  const asking: Ask = (...given) => {
    connect();
    return ask(...given);
  };

  const presence = newPresence(
    name,
    asking,
    number,
    failed,
    (listener) => {
      if (!options.presence && !followsPresence) {
        followsPresence = true;
        if ((asked ?? alias) !== undefined) {
          unsubscribe();
          subscribe();
        }
      }
      return follow("presence", listener);
    },
    (state) => void handlers.tell("presence", state),
  );

  // ── waiting for positions ─────────────────────────────────────────────────────────────────────────────────────────

  /** Resolves waiters for which the verdict is true, rejects those for which it is an error. */
  const settle = (verdict: (waiter: Waiter) => boolean | Error | undefined): void => {
    waiters = waiters.filter((waiter) => {
      const outcome = verdict(waiter);
      if (outcome instanceof Error) waiter.reject(outcome);
      else if (outcome) waiter.resolve();
      return !outcome;
    });
  };
  const unreached = (position: WirePos | undefined, why: string): LocalError =>
    new LocalError(position ? "not-echoed" : "aborted", `${name}: ${why}`, position && "done");
  const isReached = ({ position }: Pick<Waiter, "position">): boolean =>
    position ? self.received?.[0] === position[0] && self.received[1] >= position[1] : alias !== undefined;
  /** Without a position: until subscribed. With one: until the stream has passed it. */
  const reached = (position?: WirePos): Promise<void> =>
    new Promise((resolve, reject) => {
      waiters.push({ position, resolve, reject });
      settle((waiter) => isReached(waiter) || (!waiter.position && refusal));
    });

  // ── what comes ────────────────────────────────────────────────────────────────────────────────────────────────────

  const broken = (): void => {
    counters.chainBreaks++;
    unsubscribe();
    subscribeAfter(chainBreakMs, { why: "broken" });
  };

  /** Moves to `to` if that is next: in `resume` an entry names its predecessor, the conflating modes only go forward. */
  const advance = (to: WirePos, previous: number): boolean => {
    const at = self.received;
    const isNext = at?.[0] === to[0] && to[1] > at[1] && (mode !== "resume" || previous === at[1]);
    if (isNext) self.received = to;
    else broken();
    return isNext;
  };

  const gap = ({ why, from, to }: Gap, cost: number, isLocal = false): void => {
    self.received = to;
    counters.gaps++;
    delivery.accept({ gap: { why, from, to }, isLocal, pos: to, cost });
    if (delivery.hasGap()) go("gapped");
    settle(
      ({ position }) =>
        position && (position[0] !== to[0] || position[1] <= to[1]) && unreached(position, `gap: ${why}`),
    );
  };

  const subscribed = ({ c, m, p, j, rec, gap: told, snap }: SubdFrame, cost: number): void => {
    const { received } = self;
    const wasVoid = isVoid;
    const isFull = rec === "full";
    alias = c;
    mode = m;
    ticket = j ?? ticket;
    isVoid = false;
    snapshotTries = 0;
    env.route(c, inside);
    if (isFull && received && p && !isSame(received, p)) return broken();
    if (isFull) counters.resumes++;
    self.received = p;
    self.attachedAt ??= p;
    go("subscribed", { degraded: false });
    if (delivery.hasGap()) go("gapped");
    if (wasVoid && received && p) gap({ why: "epoch", from: received, to: p }, cost, true);
    else if (told) gap(told, cost);
    else if (snap !== undefined) delivery.accept({ run: () => handlers.tell("snapshot", snap), pos: p, cost });
    else delivery.handled ??= p;
    settle(isReached);
  };

  /** The server ended or refused it: again later, or never, as the code says. */
  const ended = (err: Omit<ErrFrame, "t" | "r">): void => {
    const { code, why } = err;
    unroute();
    const ms = code === 307 && ++snapshotTries >= snapshotTriesMax ? undefined : retryMsOf(err);
    if (ms !== undefined) return subscribeAfter(ms, { code, why });
    const error = (refusal = new HeddleError(err));
    go("refused", { code, why });
    settle(() => error);
    if (isImplicit) env.forget(inside);
  };

  const frame = (came: ServerFrame, cost: number): void => {
    const from = self.received;
    if (came.t === "m" || came.t === "skip") {
      const { o, g = 0, p = (o ?? 0) - 1 } = came;
      const pos: WirePos | undefined = o === undefined ? o : [from?.[0] ?? "", o, g];
      if (pos && !advance(pos, p)) return;
      if (came.t === "skip") counters.skips++;
      delivery.accept({
        run: () =>
          came.t === "m"
            ? delivery.deliver(came, pos)
            : handlers.tell("skip", { from: from as WirePos, to: pos as WirePos }),
        pos,
        cost,
      });
      settle(isReached);
    } else if (came.t === "gap") gap(came, cost);
    else if (came.t === "live") {
      if (!(from && isSame(from, came.p)) && advance(came.p, -1)) settle(isReached);
    } else if (came.t === "st") tell({ why: came.why, degraded: came.s !== "live" });
    else if (came.t === "pd") presence.told(came);
    else if (came.t === "unsubd") ended({ ...came, name: "unsubscribed" });
  };

  const self: { -readonly [Key in keyof Channel]: Channel[Key] } = {
    name,
    presence: presence.presence,
    status: { state, degraded: false },
    attachedAt: undefined,
    received: undefined,
    get handled() {
      return delivery.handled;
    },
    on: (event, handler) => follow(`:${event}`, spread(handler)),
    onAny: (handler) => follow("any", spread(handler)),
    onSnapshot: (handler) => follow("snapshot", handler),
    onGap: (handler) => add("gap", handler),
    onSkip: (handler) => add("skip", handler),
    onStatus: (handler) => add("status", handler),
    async ready() {
      connect();
      await reached();
    },
    async publish(event, payload, how = {}) {
      connect();
      const isEcho = how.until === "echo";
      if (how.volatile) {
        if (env.isOnline()) env.send({ t: "pub", ch: name, e: event, key: how.key, d: payload });
        return { position: undefined, id: undefined, duplicate: false };
      }
      if (isEcho && !holdCount) throw new LocalError("not-echoed", `${name}: echo needs a handler`);
      const published = await env.publish(name, event, payload, how);
      if (isEcho && published.position) {
        if (!holdCount) throw unreached(published.position, "nobody follows it any more");
        await reached(published.position);
      }
      return published;
    },
    historyPage: (query) => historyPage(asking, name, query),
    history: (query) => history(asking, name, query),
  };

  const inside: ChannelInside = {
    channel: self,
    isImplicit,
    handlers,
    use(wanted) {
      if (state === "idle") options = wanted;
    },
    isUnused: () => state === "idle" && !isImplicit && !presence.isMember(),
    parkable: () => (channelTransitions[state].overflow ? delivery.heldCost() : 0),
    park() {
      if (delivery.discard()) isVoid = true;
      counters.parks++;
      unsubscribe();
      go("overflow");
    },
    joining() {
      if (!isImplicit && state !== "asking" && state !== "rejoining") return undefined;
      cancel(retry);
      if (!isImplicit) go("ask");
      return request();
    },
    welcomed: presence.welcomed,
    given: subscribed,
    frame,
    lost(areVoid) {
      asked = alias = undefined;
      cancel(retry);
      if (areVoid && (self.received ?? delivery.handled)) isVoid = true;
      go("lost");
    },
    closed(error) {
      cancel(retry);
      settle(({ position }) => (position ? unreached(position, "the client is closed") : error));
    },
  };
  return inside;
}

const isSame = (a: WirePos, b: WirePos): boolean => String(a) === String(b);

/** A handler as the application writes it. */
export const spread =
  (handler: (payload: unknown, meta: Meta) => unknown): Listener<Message> =>
  ({ payload, meta }) =>
    handler(payload, meta);
