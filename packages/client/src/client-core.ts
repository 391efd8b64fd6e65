// The client without types: plain channel names, any JSON values. Puts the parts together and hands frames round.

import {
  closeHundredOf,
  dropPositionsHundred,
  type AskFrame,
  type PartFrame,
  type Guarantee,
  type ServerCancelFrame,
  type ServerFrame,
} from "@heddle/protocol";
import type { BareChannel, SubscribeOptions } from "./channel/channel-api.ts";
import { newChannels, type NoticeGap } from "./channel/channels.ts";
import { messageFrom, type Meta } from "./channel/delivery.ts";
import { newConnection, type ClientState, type Parse } from "./connection/connection.ts";
import { newTokenKeeper } from "./connection/token-keeper.ts";
import { HeddleError, LocalError } from "./errors.ts";
import { newEmitter, throwLater, type Listener, type Off } from "./emitter.ts";
import type { Growing } from "./growing.ts";
import { clientLimits, resolveLimits, type CoreOptions, type Settings } from "./options.ts";
import { newOutbox } from "./outbox/outbox.ts";
import { ports, type ClientPorts } from "./ports.ts";
import type { Asks } from "./requests/asks.ts";
import { newAsk, type AskOptions } from "./requests/requests.ts";
import { frameLength, newSender, type Answer } from "./requests/sender.ts";
import { newCounters, type ClientStats } from "./stats.ts";

export interface CallOptions extends AskOptions {
  /** The operation is declared idempotent: it is asked again after a lost connection and carried out once. */
  readonly idempotent?: boolean | undefined;
}

/** A client without what can be left out of a bundle. */
export interface BareClient extends AsyncDisposable, ClientPorts {
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
  readonly channels: readonly BareChannel[];
  /** Connects, unless it did. Everything that needs a connection does this by itself. @throws {LocalError} `closed` */
  connect(): void;
  /** Ends everything: what is unanswered rejects with `closed`, nothing more is sent. Resolves when the link is down. */
  close(): Promise<void>;
  /** Calls `listener` with every later state. */
  onState(listener: Listener<ClientState>): Off;
  /** Makes sure the connection lives: without a sign of life within a second and a half it is replaced. Tries at once when waiting. */
  probe(): void;
  /**
   * A channel; the same object for the same name. Nothing is sent before it is used. Options count while it is not
   * subscribed. @throws {LocalError} `backpressure` when `channelCount` channels are in use
   */
  channel(name: string, options?: SubscribeOptions): BareChannel;
  /** @throws {HeddleError} refused or failed; @throws {LocalError} `timeout`, `aborted`, `unknown-outcome`, `closed`, … */
  call(op: string, input?: unknown, options?: CallOptions): Promise<unknown>;
  /** Calls `handler` with every notice of this name to this user, everybody or this connection. Not waited for. */
  onNotice(name: string, handler: (payload: unknown, meta: Meta) => unknown): Off;
  /** Notices were missed. */
  onNoticeGap(listener: Listener<NoticeGap>): Off;
}

/** What an application can listen to. Notices stand under their names behind a colon. */
interface ClientKinds {
  readonly [notice: `:${string}`]: [payload: unknown, meta: Meta];
  readonly state: [state: ClientState];
  readonly gap: [gap: NoticeGap];
}

/**
 * @param extend  is given every channel when it is made
 * @param parse   makes frames of texts. Default: as they are, a payload of bytes being base64 text
 * @throws {LocalError} `option-invalid`, naming field, value and range
 */
export function createBareClient(
  options: CoreOptions,
  extend?: (channel: BareChannel) => void,
  parse: Parse = JSON.parse,
): BareClient {
  const settings: Settings = resolveLimits({ ...options, onError: options.onError ?? throwLater }, clientLimits);
  const { clock, random, lifecycle, transport, windowCost, requestCount } = settings;
  const kept = settings.outbox?.[ports];
  const counters = newCounters();
  const [tell, add] = newEmitter<ClientKinds>(settings.onError);
  /** What one frame may have. */
  let lengthMax = frameLength;
  // 96 random bits, drawn anew at every start and never kept.
  const pid = [0, 0, 0]
    .map(() =>
      Math.floor(random.float() * 2 ** 32)
        .toString(36)
        .padStart(7, "0"),
    )
    .join("");

  const token = newTokenKeeper(settings, async (k) => {
    try {
      expires((await ask({ t: "auth", k }, {}, false)).exp);
      return false;
    } catch (error) {
      return error instanceof HeddleError;
    }
  });

  const [send, connectLink, hurry, restart, expires, close] = newConnection(
    settings,
    counters,
    token,
    [
      () => ({ pid, w: windowCost, subs: helloSubs(), ...kept?.[1]() }),
      (welcome) => {
        const { u, x, id, g, max } = welcome;
        // Numbers count per identity: under another one a repetition would be a second message, and by somebody else.
        if (self.x && self.x !== x) giveUp("user-changed");
        Object.assign(self, { userId: u, x, connectionId: id, guarantee: g });
        lengthMax = max;
        channelsWelcomed();
        welcomed(welcome);
      },
      (frame, cost) => {
        const { t } = frame;
        if ("r" in frame) {
          const { r } = frame;
          if (typeof r !== "string") answered(frame as Answer, cost);
          else if (asks) void asks[1](frame as AskFrame | ServerCancelFrame | PartFrame);
          else send({ t: "reply", r, err: { code: 302 } });
        } else if (t === "m" && !frame.c) {
          notice(...messageFrom(frame, undefined));
        } else if ("c" in frame) channelFrame(frame as ServerFrame & { readonly c: number }, cost);
      },
      (code, endedWhy) => {
        if (endedWhy !== undefined) {
          unwatch?.();
          giveUp("closed", endedWhy);
          channelsClosed(new LocalError("closed", endedWhy));
        }
        asks?.[2]();
        lost(code === 1009);
        channelsLost(closeHundredOf(code) === dropPositionsHundred);
      },
      (state) => {
        if (!transport.isMoving) void tell("state", (self.state = state));
      },
    ],
    parse,
  );

  const connect = (): void => {
    const { state } = self;
    if (state.name === "closed") throw new LocalError("closed", state.why);
    connectLink();
  };

  let sender = newSender(clock, send);
  if (kept) sender = kept[0](sender, pid);
  const [, pending, expect, answered, welcomed, lost, giveUp] = sender;
  const ask = newAsk(sender, requestCount);
  const [publish, number] = newOutbox(
    sender,
    settings,
    () => lengthMax,
    () => self.x,
  );
  let asks: Asks | undefined;
  const notice = (payload: unknown, meta: Meta): void => void tell(`:${meta.event}`, payload, meta);

  const self: Growing<BareClient, "userId" | "x" | "connectionId" | "guarantee"> = {
    state: { name: "idle" },
    get stats() {
      return { ...counters, outboxCount: pending(true).length };
    },
    get channels() {
      return allChannels().map(({ channel }) => channel);
    },
    connect,
    close,
    [Symbol.asyncDispose]: close,
    onState: (listener) => add("state", listener),
    probe: hurry,
    channel: (name, given) => channelOf(name, given).channel,
    async call(op, input, how = {}) {
      connect();
      const n = how.idempotent ? number() : undefined;
      return (await ask({ t: "call", op, d: input, n }, how, !!n)).d;
    },
    [ports]: [(make) => (asks ??= make(clock, send))[0], connect, ask, send, restart],
    onNotice: (name, handler) => add(`:${name}`, handler),
    onNoticeGap: (listener) => add("gap", listener),
  };

  const [allChannels, channelOf, helloSubs, channelsWelcomed, channelFrame, channelsLost, channelsClosed] = newChannels(
    [
      settings,
      counters,
      self,
      connect,
      send,
      restart,
      expect,
      ask,
      publish,
      number,
      notice,
      (gap) => tell("gap", gap),
      extend,
    ],
  );
  const unwatch = lifecycle?.watch(hurry);
  return self as BareClient;
}
