// The client without types: plain channel names, any JSON values. Puts the parts together and hands frames round.

import { closeClassOf, type Guarantee, type ServerFrame } from "@heddle/protocol";
import { spread, type Channel, type SubscribeOptions } from "./channel/channel.ts";
import { newChannels, type NoticeGap } from "./channel/channels.ts";
import { messageFrom, type Message, type Meta } from "./channel/delivery.ts";
import { newConnection, type ClientState, type Passed } from "./connection/connection.ts";
import { newTokenKeeper } from "./connection/token-keeper.ts";
import { HeddleError, LocalError } from "./errors.ts";
import { newEmitter, type Listener, type Off } from "./emitter.ts";
import { resolveLimits, type CoreOptions } from "./options.ts";
import { frameLength, newOutbox } from "./outbox/outbox.ts";
import { newAsks, type AskHandler } from "./requests/asks.ts";
import { newAsk, type AskOptions } from "./requests/requests.ts";
import { newSender, type Answer } from "./requests/sender.ts";
import { newCounters, type ClientStats } from "./stats.ts";

export interface CallOptions extends AskOptions {
  /** The operation is declared idempotent: it is asked again after a lost connection and carried out once. */
  readonly idempotent?: boolean | undefined;
}

export interface ClientCore extends AsyncDisposable {
  readonly state: ClientState;
  /** As the server knows us; undefined before the first connection and for anonymous sessions. */
  readonly userId: string | undefined;
  /** Identity of this client's publishes (ids are `x:n`) and of its presence. Undefined before the first connection. */
  readonly x: string | undefined;
  /** Of this connection, as the server names it. */
  readonly connectionId: string | undefined;
  /** What the engine in force guarantees. */
  readonly guarantee: Guarantee | undefined;
  readonly stats: ClientStats;
  /** The channels this client knows, subscribed or not. */
  readonly channels: readonly Channel[];
  /** Connects, unless it did. Everything that needs a connection does this by itself. @throws {LocalError} `closed` */
  connect(): void;
  /** Ends everything: what is unanswered rejects with `closed`, nothing more is sent. Resolves when the link is down. */
  close(): Promise<void>;
  /** Calls `listener` with every later state. */
  onState(listener: Listener<ClientState>): Off;
  /** Every frame that passes, tokens and secrets blotted out. For people to look at. */
  onFrame(listener: (direction: "in" | "out", text: string) => void): Off;
  /** Makes sure the connection lives: without a sign of life within two seconds it is replaced. Tries at once when waiting. */
  probe(): void;
  /**
   * A channel; the same object for the same name. Nothing is sent before it is used. Options count while it is not
   * subscribed. @throws {LocalError} `backpressure` when `channelCount` channels are in use
   */
  channel(name: string, options?: SubscribeOptions): Channel;
  /** @throws {HeddleError} refused or failed; @throws {LocalError} `timeout`, `aborted`, `unknown-outcome`, `closed`, … */
  call(op: string, input?: unknown, options?: CallOptions): Promise<unknown>;
  /** Answers the server's questions of this name. One handler a name; the latest counts. */
  onAsk(name: string, handler: AskHandler): Off;
  /** Calls `handler` with every notice of this name to this user, everybody or this connection. Not waited for. */
  onNotice(name: string, handler: (payload: unknown, meta: Meta) => unknown): Off;
  /** Notices were missed. */
  onNoticeGap(listener: Listener<NoticeGap>): Off;
}

/** What an application can listen to. Notices stand under their names behind a colon. */
interface ClientKinds {
  readonly [notice: `:${string}`]: Message;
  readonly state: ClientState;
  readonly frame: Passed;
  readonly gap: NoticeGap;
}

/** @throws {LocalError} `option-invalid`, naming field, value and range */
export function createClientCore(options: CoreOptions): ClientCore {
  const { clock, random, transport, lifecycle, onError: failed = throwLater } = options;
  const settings = resolveLimits(options);
  const counters = newCounters();
  const emitter = newEmitter<ClientKinds>(failed);
  const { add, tell } = emitter;
  /** What one frame may have. */
  let lengthMax = frameLength;
  // 96 random bits, drawn anew at every start and never kept.
  const pid = [0, 0, 0].map(() => random.u32().toString(36).padStart(7, "0")).join("");

  const token = newTokenKeeper(options, async (k) => {
    try {
      connection.expires((await ask({ t: "auth", k }, {}, false)).exp);
      return false;
    } catch (error) {
      return error instanceof HeddleError;
    }
  });

  const connection = newConnection({ clock, random, transport, settings, counters, emitter }, token, {
    hello: () => ({ pid, w: settings.windowCost, subs: channels.hello() }),
    welcomed(welcome) {
      const { u, x, id, g } = welcome;
      // Numbers count per identity: under another one a repetition would be a second message, and by somebody else.
      if (self.x && self.x !== x) sender.giveUp("user-changed", "another user's session");
      Object.assign(self, { userId: u, x, connectionId: id, guarantee: g });
      lengthMax = welcome.max;
      channels.welcomed();
      sender.welcomed(welcome);
    },
    frame(frame, cost) {
      if (frame.t === "ask") void asks.asked(frame);
      else if (frame.t === "cancel") asks.stop(frame.r);
      else if (frame.t === "part")
        return; // results in pieces are not asked for
      else if ("r" in frame) sender.answered(frame as Answer, cost);
      else if (frame.t === "m" && !frame.c) notice(messageFrom(frame, undefined));
      else if ("c" in frame) channels.frame(frame as ServerFrame & { readonly c: number }, cost);
    },
    ended(why) {
      unwatch?.();
      sender.giveUp("closed", why);
      channels.closed(new LocalError("closed", why));
    },
    lost(code) {
      asks.stop();
      sender.lost(code === 1009);
      channels.lost(closeClassOf(code) === "drop-positions");
    },
    changed(state) {
      self.state = state;
      void tell("state", state);
    },
  });
  const { send, isOnline, hurry, heartbeat } = connection;

  const connect = (): void => {
    const { state } = self;
    if (state.name === "closed") throw new LocalError("closed", state.why);
    connection.connect();
  };

  const sender = newSender(clock, send);
  const ask = newAsk(sender, settings.requestCount);
  const { publish, number } = newOutbox(
    sender,
    settings,
    () => lengthMax,
    () => self.x,
  );
  const asks = newAsks(clock, send);
  const notice = (message: Message): void => void tell(`:${message.meta.event}`, message);
  const channels = newChannels({
    clock,
    settings,
    counters,
    failed,
    connect,
    isOnline,
    send,
    ask,
    expect: sender.expect,
    publish,
    number,
    x: () => self.x,
    notice,
    noticeGap: (gap) => void tell("gap", gap),
    restart: connection.restart,
  });
  const unwatch = lifecycle?.watch(hurry);

  const self: { -readonly [Key in keyof ClientCore]: ClientCore[Key] } = {
    state: { name: "idle" },
    userId: undefined,
    x: undefined,
    connectionId: undefined,
    guarantee: undefined,
    get stats() {
      return { ...counters, outboxCount: sender.pending(true).length, rttMs: heartbeat.rttMs };
    },
    get channels() {
      return channels.all().map(({ channel }) => channel);
    },
    connect,
    close: connection.close,
    [Symbol.asyncDispose]: connection.close,
    onState: (listener) => add("state", listener),
    onFrame: (listener) => add("frame", ({ direction, text }) => listener(direction, text)),
    probe: hurry,
    channel: (name, given) => channels.of(name, given).channel,
    async call(op, input, { idempotent = false, ...how } = {}) {
      connect();
      const n = idempotent ? number() : undefined;
      return (await ask({ t: "call", op, d: input, n }, how, idempotent)).d;
    },
    onAsk: asks.on,
    onNotice: (name, handler) => add(`:${name}`, spread(handler)),
    onNoticeGap: (listener) => add("gap", listener),
  };
  return self;
}

/** What handlers throw is nobody's to swallow: it surfaces as if a timer had thrown it. */
function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
