// One connection after another: attempts, greeting, silence, closing, and when to try again. Knows what a session carries
// only as frames; who reads and writes them is told by its owner.

import type { Clock, Random } from "@heddle/base";
import { closeClassOf, type HelloFrame, type ServerFrame, type WelcomeFrame } from "@heddle/protocol";
import type { Emitter } from "../emitter.ts";
import type { ClientLimits } from "../options.ts";
import type { Counters } from "../stats.ts";
import { cancel } from "../timers.ts";
import type { Transport, TransportLink } from "../transport/transport.ts";
import { newHeartbeat, type Heartbeat } from "./heartbeat.ts";
import { newPacer } from "./pacer.ts";
import { newReceipts } from "./receipts.ts";
import type { Loose, Send } from "./send.ts";
import { connectionTransitions, type ConnectionState, type ConnectionTrigger } from "./states.ts";
import type { TokenKeeper } from "./token-keeper.ts";

/** What an application sees of a connection. */
export type ClientState =
  | { readonly name: "idle" | "connecting" | "online" }
  /** `why` the last connection or attempt ended; the next attempt begins `retryInMs` after this state did. */
  | { readonly name: "waiting"; readonly retryInMs: number; readonly why: string; readonly code: number }
  /** For good. `code` is the close code, 1000 after `close()`. */
  | { readonly name: "closed"; readonly why: string; readonly code: number };

/** One frame as it passed. */
export interface Passed {
  readonly direction: "in" | "out";
  readonly text: string;
}

/** The session's side of a connection. */
export interface SessionHooks {
  /** What `hello` carries besides token, version and secrets. */
  hello(): Loose<Pick<HelloFrame, "pid" | "subs" | "w">>;
  welcomed(welcome: WelcomeFrame): void;
  frame(frame: ServerFrame, cost: number): void;
  /** There will be no other connection. Called before `lost`. */
  ended(why: string): void;
  /** The connection or attempt is over. */
  lost(code: number): void;
  changed(state: ClientState): void;
}

export interface ConnectionEnv {
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
  readonly settings: ClientLimits;
  readonly counters: Counters;
  readonly emitter: Pick<Emitter<{ readonly frame: Passed }>, "has" | "tell">;
}

export interface Connection {
  readonly heartbeat: Heartbeat;
  isOnline(): boolean;
  connect(): void;
  /** The network is back or the machine awake: tries at once, or makes sure the link lives. */
  hurry(): void;
  /** Gives up this connection for a new one. */
  restart(why: string): void;
  send: Send;
  /** A token's end as the server tells it, in seconds since 1970, for the keeper. */
  expires(exp: number | undefined): void;
  /** Ends it for good. Resolves when the other side has closed too, or after two seconds. */
  close(): Promise<void>;
}

/** How long `close` waits for the other side's part of closing. */
const closeMs = 2_000;
/** Sent when we give up on a link: anything but 1000 and 1001 tells the server that we may come back. */
const giveUpCode = 4002;

export function newConnection(env: ConnectionEnv, token: TokenKeeper, hooks: SessionHooks): Connection {
  const { clock, random, transport, settings, counters, emitter } = env;
  let state: ConnectionState = "idle";
  let welcome: WelcomeFrame | undefined;
  /** Tells the handlers of one attempt's link from those of the next. */
  let attempt = 0;
  let link: TransportLink | undefined;
  /** The attempt's deadline, or the wait for the next. */
  let timer: Disposable | undefined;
  let helloMs = 0;
  /** How far the server's wall clock is ahead of ours. */
  let aheadMs = 0;
  let tokenRefusals = 0;
  /** Whether the wait is one the server asked for, which waking up does not shorten. */
  let isPaced = false;
  let closed: (() => void) | undefined;

  const step = (trigger: ConnectionTrigger): boolean => {
    const next = connectionTransitions[state][trigger];
    state = next ?? state;
    return !!next;
  };

  /** For people to look at, tokens and secrets blotted out. */
  const show = (direction: Passed["direction"], text: string): void => {
    if (emitter.has("frame"))
      void emitter.tell("frame", { direction, text: text.replace(/"(k|an|rs|prev|j)":"(\\.|[^"\\])*"/g, '"$1":"…"') });
  };

  const send: Send = (frame) => {
    if (!link) return;
    const text = typeof frame === "string" ? frame : JSON.stringify(frame);
    counters.framesOut++;
    counters.unitsOut += text.length;
    show("out", text);
    link.send(text);
  };

  /** Forgets the link; what it still reports is nobody's. */
  const drop = (): void => {
    attempt++;
    link = undefined;
    cancel(timer);
    heartbeat.stop();
    receipts.stop();
    token.stop();
  };

  const end = (code: number, why: string): void => {
    if (!step("end")) return;
    drop();
    hooks.ended(why);
    hooks.lost(code);
    hooks.changed({ name: "closed", why, code });
  };

  /** The connection or attempt is over: what follows stands in the close code. */
  const lose = (code: number, why: string, afterMs?: number): void => {
    const kind = closeClassOf(code);
    if (kind === "token") {
      token.refused();
      tokenRefusals++;
    }
    const old = link;
    if (kind === "terminal" || (kind === "token" && tokenRefusals > 1)) end(code, why);
    else if (step("lost")) {
      drop();
      const retryInMs = pacer.nextMs(afterMs);
      isPaced = afterMs !== undefined;
      timer = clock.after(retryInMs, retry);
      hooks.lost(code);
      if (state === "waiting") hooks.changed({ name: "waiting", retryInMs, why, code });
    }
    old?.close(giveUpCode, "");
  };

  const pacer = newPacer(clock, random, settings);
  const receipts = newReceipts(clock, send);
  const heartbeat = newHeartbeat(clock, send, (why) => lose(giveUpCode, why));

  const expires = (exp: number | undefined): void => token.endsIn(exp && exp * 1_000 - clock.wallMs() - aheadMs);

  const begin = (): void => {
    const current = ++attempt;
    /** Runs only for the attempt it was made for. */
    const ours =
      <A extends unknown[]>(run: (...given: A) => void) =>
      (...given: A): void => {
        if (current === attempt) run(...given);
      };
    hooks.changed({ name: "connecting" });
    pacer.begun();
    timer = clock.after(settings.connectMs, () => lose(giveUpCode, `no connection in ${settings.connectMs} ms`));
    const lost = ours(lose);
    token
      .current()
      .then(
        ours((k) => {
          link = transport.open({
            opened: ours(() => greet(k)),
            message: ours((text) => {
              heartbeat.heard();
              for (const line of text.split("\n")) if (line && current === attempt) receive(line);
            }),
            closed(code, reason) {
              closed?.();
              lost(code, reason || `closed with ${code}`);
            },
          });
        }),
      )
      .catch((error: unknown) => lost(1006, String(error)));
  };

  const retry = (): void => {
    if (!step("retry")) return;
    cancel(timer);
    begin();
  };

  const greet = (k: string | undefined): void => {
    if (!step("opened")) return;
    helloMs = clock.monotonicMs();
    send({ t: "hello", v: 1, k, an: welcome?.an, prev: welcome?.rs, sdk: "js", ...hooks.hello() });
  };

  /** One frame. One that makes no sense ends the connection for good. */
  const receive = (text: string): void => {
    const isCounted = state === "online"; // everything after `welcome`, known or not
    counters.framesIn++;
    counters.unitsIn += text.length;
    show("in", text);
    try {
      const frame = JSON.parse(text) as ServerFrame;
      if (frame.t.startsWith("!")) lose(4406, `${frame.t} is not known here`);
      else dispatch(frame, text.length);
    } catch (error) {
      lose(4400, String(error));
    }
    if (isCounted && state === "online") receipts.took(text.length);
  };

  const dispatch = (frame: ServerFrame, cost: number): void => {
    switch (frame.t) {
      case "bye":
        return lose(frame.code, frame.why, frame.after);
      case "welcome":
        return welcomed(frame);
      case "ping":
        return send({ t: "pong" });
      case "pong":
        return heartbeat.ponged();
      case "reauth":
        return token.renew();
      default:
        if (state === "online") hooks.frame(frame, cost);
    }
  };

  const welcomed = (given: WelcomeFrame): void => {
    if (!step("welcomed")) return lose(4400, "a second welcome");
    welcome = given;
    cancel(timer);
    tokenRefusals = 0;
    pacer.succeeded();
    counters.connects++;
    aheadMs = given.now - clock.wallMs();
    receipts.start(given.w);
    heartbeat.start(given.ping);
    heartbeat.rttMs = clock.monotonicMs() - helloMs;
    expires(given.exp);
    hooks.welcomed(given);
    if (state === "online") hooks.changed({ name: "online" });
  };

  return {
    heartbeat,
    isOnline: () => state === "online",
    connect() {
      if (step("connect")) begin();
    },
    hurry() {
      if (state === "online") heartbeat.probe();
      if (state === "waiting" && !isPaced && !pacer.soonestMs()) retry();
    },
    restart: (why) => lose(giveUpCode, why),
    send,
    expires,
    async close() {
      const old = link;
      end(1000, "by the application");
      if (!old) return;
      await new Promise<void>((resolve) => {
        const late = clock.after(closeMs, resolve);
        closed = () => {
          late[Symbol.dispose]();
          resolve();
        };
        old.close(1000, "");
      });
    },
  };
}
