// One channel as this client follows it: where it stands, what it asked, and whether what arrives is the next of its chain.

import type {
  ErrFrame,
  Gap,
  LiveFrame,
  MessageFrame,
  Mode,
  PresenceDiffFrame,
  ServerFrame,
  SkipFrame,
  StatusFrame,
  SubBody,
  SubdFrame,
  WirePos,
} from "@heddle/protocol";
import type { Loose } from "../connection/send.ts";
import { HeddleError, LocalError, retryMsOf } from "../errors.ts";
import { newEmitter, type Off } from "../emitter.ts";
import type { Ask } from "../requests/requests.ts";
import type { Growing } from "../growing.ts";
import type { Published, WithBytes } from "../outbox/outbox.ts";
import { ports, type KeptPorts } from "../ports.ts";
import { newAlarm } from "../timers.ts";
import type { BareChannel, ChannelPublishOptions, ChannelStatus, SubscribeOptions } from "./channel-api.ts";
import { newDelivery } from "./delivery.ts";
import type { ChannelInside, ChannelKinds, ChannelsParts, ClientParts } from "./parts.ts";
import type { PresenceParts } from "./presence.ts";
import { isSame, startOf } from "./start.ts";
import { canFollow, type ChannelState } from "./states.ts";
import { newWaiters } from "./waiters.ts";

/** How long a publish waits for its echo. Milliseconds. */
const echoMs = 60_000;

export function newChannel(
  [
    settings,
    counters,
    client,
    connectClient,
    send,
    restart,
    expect,
    ask,
    publish,
    number,
    notice,
    noticeGap,
    extend,
  ]: ClientParts,
  [byName, byAlias, say, held]: ChannelsParts,
  name: string,
  given: SubscribeOptions,
  isImplicit = false,
): ChannelInside {
  const { clock, onError } = settings;
  const [tellAll, add] = newEmitter<ChannelKinds>(onError);
  const kept = (): KeptPorts[typeof ports] | undefined =>
    options.at === "kept" ? settings.outbox?.[ports] : undefined;
  const alarm = newAlarm(clock);
  let options = given;
  let followsPresence = false;
  let state: ChannelState = "idle";
  let ticket: string | undefined;
  /** Number of the latest `sub`, while unanswered, else 0. */
  let asked = 0;
  /** What the server calls it on this connection; 0: not subscribed. */
  let alias = 0;
  let mode: Mode | undefined;
  /** Positions are void: begin live and say so by a gap. */
  let isVoid = false;
  let snapshotTries = 0;
  let holdCount = 0;
  /** Why it ended. */
  let refusal: HeddleError | undefined;

  const tell = (told: Partial<ChannelStatus>): void =>
    void tellAll("status", (self.status = { ...self.status, ...told, state }));
  const go = (next: ChannelState, told?: Partial<ChannelStatus>): void => {
    if (!canFollow(next, state)) return;
    state = next;
    tell({ code: undefined, why: undefined, ...told });
  };

  const keep = (): void => kept()?.[3](name, self.handled, ticket);

  /** Entries arrive; while a gap is handled they are held. */
  const flow = (told?: Partial<ChannelStatus>): void => go(hasGap() ? "held" : "receiving", told);

  const connect = (): void => {
    connectClient();
    if (!byName.has(name)) byName.set(name, inside);
    if (byName.get(name) !== inside) throw new LocalError("closed", `${name}: forgotten`);
  };

  // ── asking ────────────────────────────────────────────────────────────────────────────────────────────────────────

  const request = (): Loose<SubBody> => {
    const r = expect((answer, cost) => {
      if (r !== asked) return; // it answers an earlier `sub`
      asked = 0;
      if (answer.t === "subd") subscribed(answer, cost);
      else ended(answer as ErrFrame);
    });
    asked = r;
    return {
      r,
      ch: name,
      at: isVoid ? "live" : startOf(self.received, options),
      m: options.mode,
      pr: options.presence || followsPresence ? 1 : undefined,
      j: ticket,
    };
  };

  const subscribe = (): void => {
    alarm();
    refusal = undefined;
    if (state === "parked") self.received = self.handled;
    if (!self.received) [self.received, ticket] = kept()?.[2](name) ?? [];
    go("asking");
    say(() => ({ t: "sub", ...request() }));
  };

  const subscribeAfter = (ms: number, told: Partial<ChannelStatus>): void => {
    if (isImplicit) return restart(`${name}: ${told.why}`);
    go("asking");
    tell(told);
    alarm(ms, subscribe);
  };

  const unroute = (): void => {
    byAlias.delete(alias);
    alias = asked = 0;
  };

  const unsubscribe = (): void => {
    if (asked || alias) say(() => ({ t: "unsub", r: expect(() => undefined), ch: name }));
    unroute();
  };

  const leave = (): void => {
    if (holdCount) return;
    unsubscribe();
    alarm();
    go("idle");
    forget();
    presence?.[4]();
    self.received = self.attachedAt = ticket = undefined;
    followsPresence = isVoid = false;
    settle((position) => unreached(position, "unsubscribed"));
  };

  /** Nothing comes, and nobody has asked for it again. */
  const isOff = (): boolean => state === "idle" || state === "ended";

  const follow: typeof add = (kind, listener): Off => {
    connect();
    const off = add(kind, listener);
    holdCount++;
    if (isOff()) subscribe();
    let isHeld = true;
    return () => {
      off();
      // Whoever comes back within this turn finds it as it was.
      if (isHeld && !--holdCount) clock.turnEnd(leave);
      isHeld = false;
    };
  };

  const asking: Ask = (...question) => {
    connect();
    return ask(...question);
  };

  /** Who is here, if anybody wants to know. */
  let presence: PresenceParts | undefined;

  // ── what comes ────────────────────────────────────────────────────────────────────────────────────────────────────

  const broken = (): void => {
    counters.chainBreaks++;
    unsubscribe();
    const pauseMs = 200;
    subscribeAfter(pauseMs, { why: "broken" });
  };

  /** Moves to `to` if that is next: in `resume` an entry names its predecessor, the conflating modes only go forward. */
  const advance = (to: WirePos, previous: number): boolean => {
    const at = self.received;
    const isNext = at?.[0] === to[0] && to[1] > at[1] && (mode !== "resume" || previous === at[1]);
    if (isNext) self.received = to;
    else broken();
    return isNext;
  };

  /** The stream goes on from `to`: an entry up to there, or of another epoch, is not to be expected in it any more. */
  const jumped = (to: WirePos, why: string, isBranch?: boolean): void =>
    settle(
      (position) => position && (isBranch || position[0] !== to[0] || position[1] <= to[1]) && unreached(position, why),
    );

  const gap = ({ why, from, to }: Gap, cost: number, isLocal = false): void => {
    self.received = to;
    counters.gaps++;
    accept(cost, to, undefined, { why, from, to }, isLocal);
    flow();
    jumped(to, `gap: ${why}`, why === "fork");
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
    byAlias.set(c, inside);
    if (isFull && received && p && !isSame(received, p)) return broken();
    if (isFull) counters.resumes++;
    self.received = p;
    // A second snapshot, of a channel parked before the first was handled: the stream begins behind this one.
    self.attachedAt = (snap === undefined && self.attachedAt) || p;
    flow({ degraded: false, lagging: false });
    if (wasVoid && received && p) gap({ why: "epoch", from: received, to: p }, cost, true);
    else if (told) gap(told, cost);
    else if (snap !== undefined) accept(cost, p, () => tellAll("snapshot", snap));
    else self.handled ??= p;
    keep();
    arrived();
    if (!isFull && p) jumped(p, "elsewhere");
  };

  /** The server ended or refused it: again later, or never, as the code says. */
  const ended = (err: Omit<ErrFrame, "t" | "r" | "name">): void => {
    const { code, why } = err;
    unroute();
    const snapshotTriesMax = 3;
    const ms = code === 307 && ++snapshotTries >= snapshotTriesMax ? undefined : retryMsOf(err);
    if (ms !== undefined) return subscribeAfter(ms, { code, why });
    const error = (refusal = new HeddleError({ name: "unsubscribed", ...err }));
    go("ended", { code, why });
    settle((position) => (position ? unreached(position, state) : error));
    if (isImplicit) byName.delete(name);
  };

  const entry = (came: MessageFrame | SkipFrame, cost: number): void => {
    const from = self.received;
    const { o, g = 0, p = (o ?? 0) - 1 } = came;
    const pos: WirePos | undefined = o === undefined ? o : [from?.[0] ?? "", o, g];
    if (pos && !advance(pos, p)) return;
    if (came.t === "m") accept(cost, pos, () => deliver(came, pos));
    else {
      counters.skips++;
      accept(cost, pos, () => tellAll("skip", { from: from as WirePos, to: pos as WirePos }));
    }
    arrived();
  };

  /** What is done with a frame, by its type. Others are ignored. */
  const handlers: { readonly [Type in ServerFrame["t"]]?: (frame: never, cost: number) => void } = {
    m: entry,
    skip: entry,
    gap,
    live({ p }: LiveFrame) {
      if (!isSame(self.received, p) && advance(p, -1)) arrived();
    },
    st({ s, why }: StatusFrame) {
      tell({ why, degraded: s === "degraded", lagging: s === "lagging" });
    },
    pd: (frame: PresenceDiffFrame) => presence?.[1](frame),
    subd: subscribed,
    unsubd: ended,
  };

  const self: Growing<BareChannel, "attachedAt" | "received" | "handled"> = {
    name,
    [ports]: [
      asking,
      (make) =>
        (presence ??= make(
          name,
          asking,
          number,
          onError,
          (listener) => {
            if (!options.presence && !followsPresence) {
              followsPresence = true;
              if (asked || alias) {
                unsubscribe();
                subscribe();
              }
            }
            return follow("presence", listener);
          },
          (members) => void tellAll("presence", members),
        ))[0],
    ],
    status: { state, degraded: false, lagging: false },
    on: (event, handler) => follow(`:${event}`, handler),
    onAny: (handler) => follow("any", handler),
    onSnapshot: (handler) => follow("snapshot", handler),
    onGap: (handler) => add("gap", handler),
    onSkip: (handler) => add("skip", handler),
    onStatus: (handler) => add("status", handler),
    async ready() {
      connect();
      await reached(undefined, refusal);
    },
    async publish(e, d, how: ChannelPublishOptions & WithBytes = {}) {
      connect();
      const isEcho = how.until === "echo";
      if (how.volatile) {
        if (client.state.name === "online") send({ t: "pub", ch: name, e, key: how.key, b: how.b, d });
        return { duplicate: false } as Published;
      }
      if (isEcho && isOff()) throw new LocalError("not-echoed", `${name}: ${state}`);
      const published = await publish(name, e, d, how);
      const { position } = published;
      if (isEcho && position) {
        if (isOff()) throw unreached(position, state);
        // On a branch of the log that lost, it never comes and nobody says so.
        const late = clock.after(echoMs, () => settle((wanted) => wanted === position && unreached(wanted, "timeout")));
        await reached(position).finally(() => late[Symbol.dispose]());
      }
      return published;
    },
  };

  const [reached, settle, arrived, unreached] = newWaiters(name, self, () => alias > 0);
  const [accept, deliver, discard, forget, hasGap, isBusy, heldCost] = newDelivery(
    self,
    tellAll,
    held,
    () => {
      keep();
      if (state === "held") flow();
      if (state === "parked" && !isBusy()) subscribe();
    },
    (id, isRepeated) => {
      if (isRepeated) counters.duplicates++;
      return isRepeated || (!!options.noEcho && id.startsWith(`${client.x}:`));
    },
  );

  const inside: ChannelInside = {
    channel: self as BareChannel,
    isImplicit,
    use(wanted) {
      if (state === "idle") options = wanted;
    },
    isUnused: () => state === "idle" && !isImplicit && !presence?.[3](),
    parkable: () => (canFollow("parked", state) ? heldCost() : 0),
    park() {
      if (discard()) isVoid = true;
      counters.parks++;
      unsubscribe();
      go("parked");
    },
    joining() {
      if (!isImplicit && state !== "asking" && state !== "rejoining") return undefined;
      alarm();
      if (!isImplicit) go("asking");
      return request();
    },
    welcomed: () => presence?.[2](),
    frame: (came, cost) => handlers[came.t]?.(came as never, cost),
    lost(areVoid) {
      asked = alias = 0;
      alarm();
      if (areVoid && (self.received ?? self.handled)) isVoid = true;
      go("rejoining");
    },
    closed(error) {
      alarm();
      settle((position) => (position ? unreached(position, state) : error));
    },
  };
  if (isImplicit) {
    // Nobody waits for handlers of notices, so nothing is ever held.
    add("gap", (missed) => noticeGap({ channel: name, ...missed }));
    add("any", notice);
  }
  extend?.(inside.channel);
  return inside;
}
