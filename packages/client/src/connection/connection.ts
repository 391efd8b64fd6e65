// One connection after another: attempts, greeting, silence, closing, and when to try again. Knows what a session carries
// only as frames; who reads and writes them is told by its owner.

import {
  closeHundredOf,
  terminalHundred,
  tokenHundred,
  type HelloFrame,
  type ServerFrame,
  type WelcomeFrame,
} from "@heddle/protocol";
import type { Settings } from "../options.ts";
import type { Counters } from "../stats.ts";
import { newAlarm } from "../timers.ts";
import type { TransportLink } from "../transport/transport.ts";
import { newHeartbeat } from "./heartbeat.ts";
import { newPacer } from "./pacer.ts";
import { newReceipts } from "./receipts.ts";
import type { Loose, Send } from "./send.ts";
import { connectionTransitions, type ConnectionState } from "./states.ts";
import type { TokenKeeper } from "./token-keeper.ts";

/** What an application sees of a connection. */
export type ClientState =
  | { readonly name: "idle" | "connecting" | "online" }
  /** `why` the last connection or attempt ended; the next attempt begins `retryInMs` after this state did. */
  | { readonly name: "waiting"; readonly retryInMs: number; readonly why: string; readonly code: number }
  /** For good. `code` is the close code, 1000 after `close()`. */
  | { readonly name: "closed"; readonly why: string; readonly code: number };

/** The session's side of a connection. */
export type SessionHooks = readonly [
  /** What `hello` carries besides token, version and secrets. */
  hello: () => Loose<Pick<HelloFrame, "pid" | "subs" | "w" | "an">>,
  welcomed: (welcome: WelcomeFrame) => void,
  frame: (frame: ServerFrame, cost: number) => void,
  /** The connection or attempt is over. `endedWhy`: and there will be no other. */
  lost: (code: number, endedWhy: string | undefined) => void,
  changed: (state: ClientState) => void,
];

export type Connection = readonly [
  send: Send,
  connect: () => void,
  /** The network is back or the machine awake: tries at once, or makes sure the link lives. */
  hurry: () => void,
  /** Gives up this connection for a new one: now, or after so long, which waking up cuts short if it is `asleepMs`. */
  restart: (why: string, afterMs?: number) => void,
  /** A token's end as the server tells it, in seconds since 1970, for the keeper. */
  expires: (exp: number | undefined) => void,
  /** Ends it for good. Resolves when the other side has closed too, or after two seconds. */
  close: () => Promise<void>,
];

/** The frame of a text. @throws when it is none */
export type Parse = (text: string) => ServerFrame;

/** Sent when we give up on a link: anything but 1000 and 1001 tells the server that we may come back. */
const giveUpCode = 4002;
/** A wait until somebody wakes us, as long as timers can be. Milliseconds. */
export const asleepMs = 2 ** 31 - 1;

export function newConnection(
  settings: Settings,
  counters: Counters,
  [token, tokenRefused, tokenEndsIn, renewToken, stopToken]: TokenKeeper,
  [hello, begun, came, lost, changed]: SessionHooks,
  parse: Parse,
): Connection {
  const { clock, transport, connectMs } = settings;
  /** The attempt's deadline, or the wait for the next, or for the other side's part of closing. */
  const alarm = newAlarm(clock);
  let state: ConnectionState = "idle";
  let welcome: WelcomeFrame | undefined;
  /** Tells the handlers of one attempt's link from those of the next. */
  let attempt = 0;
  let link: TransportLink | undefined;
  let helloMs = 0;
  /** How far the server's wall clock is ahead of ours. */
  let aheadMs = 0;
  let tokenRefusals = 0;
  /** Whether the wait is one the server asked for, which waking up does not shorten. */
  let isPaced = false;
  let closed: (() => void) | undefined;

  const step = (next: ConnectionState): boolean => {
    const isLegal = connectionTransitions[state].includes(next);
    if (isLegal) state = next;
    return isLegal;
  };

  const send: Send = (frame) => {
    if (!link) return;
    const text = typeof frame === "string" ? frame : JSON.stringify(frame);
    counters.framesOut++;
    counters.unitsOut += text.length;
    link.send(text);
  };

  /** Forgets the link; what it still reports is nobody's. */
  const drop = (): void => {
    attempt++;
    link = undefined;
    for (const stop of [alarm, stopHeartbeat, stopReceipts, stopToken]) stop();
  };

  /**
   * The connection or attempt is over: what follows stands in the close code.
   *
   * @param ownCode  what we close the link with; 1000 is for good
   */
  const lose = (code: number, why: string, afterMs?: number, ownCode = giveUpCode): void => {
    const hundred = closeHundredOf(code);
    const isRefused = hundred === tokenHundred;
    const old = link;
    if (isRefused) tokenRefused();
    const isEnd = hundred === terminalHundred || ownCode === 1000 || (isRefused && !!tokenRefusals++);
    const name = isEnd ? "closed" : "waiting";
    if (step(name)) {
      let retryInMs: number | undefined;
      drop();
      isPaced = (afterMs as number) < asleepMs;
      if (!isEnd) alarm((retryInMs = nextMs(afterMs)), retry);
      lost(code, isEnd ? why : undefined);
      if (state === name) changed({ name, retryInMs, why, code } as ClientState);
    }
    old?.close(ownCode, "");
  };
  const restart = (why: string, afterMs?: number): void => lose(giveUpCode, why, afterMs);

  const [attempted, succeeded, nextMs, soonestMs] = newPacer(settings);
  const [startReceipts, took, stopReceipts] = newReceipts(clock, send);
  const [startHeartbeat, heard, ponged, probe, stopHeartbeat] = newHeartbeat(clock, counters, send, restart);

  const expires = (exp: number | undefined): void => tokenEndsIn(exp && exp * 1_000 - clock.wallMs() - aheadMs);

  const begin = (): void => {
    if (!step("connecting")) return;
    const current = ++attempt;
    /** Runs only for the attempt it was made for. */
    const ours =
      <A extends unknown[]>(run: (...given: A) => void) =>
      (...given: A): void => {
        if (current === attempt) run(...given);
      };
    const broken = ours(lose);
    changed({ name: "connecting" });
    attempted();
    alarm(connectMs, () => restart(`not online in ${connectMs} ms`));
    token()
      .then(
        ours((k) => {
          link = transport.open({
            opened: ours(() => greet(k)),
            message: ours((text, cost) => {
              heard();
              for (const line of text.split("\n")) if (line && current === attempt) receive(line, cost);
            }),
            closed(code, reason) {
              closed?.();
              broken(code, reason || `closed: ${code}`);
            },
          });
        }),
      )
      .catch((error: unknown) => broken(1006, String(error)));
  };

  const retry = (): void => {
    if (state !== "waiting") return;
    alarm();
    begin();
  };

  const greet = (k: string | undefined): void => {
    if (!step("greeting")) return;
    helloMs = clock.monotonicMs();
    send({ t: "hello", v: 1, k, an: welcome?.an, prev: welcome?.rs, sdk: "js", ...hello() });
  };

  /** One frame. One that makes no sense ends the connection for good. */
  const receive = (text: string, cost = text.length): void => {
    const isCounted = state === "online"; // everything after `welcome`, known or not
    counters.framesIn++;
    counters.unitsIn += cost;
    try {
      const frame = parse(text);
      const { t } = frame;
      if (t === "bye") lose(frame.code, frame.why, frame.after);
      else if (t === "welcome") welcomed(frame);
      else if (t === "ping") send({ t: "pong" });
      else if (t === "pong") ponged();
      else if (t === "reauth") renewToken();
      else if (t.startsWith("!")) lose(4406, t);
      else if (state === "online") came(frame, cost);
    } catch (error) {
      lose(4400, String(error));
    }
    if (isCounted && state === "online") took(cost);
  };

  const welcomed = (given: WelcomeFrame): void => {
    if (!step("online")) return lose(4400, "welcome");
    const { now, w, ping, exp } = (welcome = given);
    alarm();
    tokenRefusals = 0;
    succeeded();
    counters.connects++;
    counters.rttMs = clock.monotonicMs() - helloMs;
    aheadMs = now - clock.wallMs();
    startReceipts(w);
    startHeartbeat(ping);
    expires(exp);
    begun(given);
    if (state === "online") changed({ name: "online" });
  };

  return [
    send,
    () => {
      if (state === "idle") begin();
    },
    () => {
      if (state === "online") {
        renewToken(true);
        probe();
      }
      if (state === "waiting" && !isPaced && !soonestMs()) retry();
    },
    restart,
    expires,
    async () => {
      const old = link;
      const over = new Promise<void>((resolve) => {
        closed = () => {
          alarm();
          resolve();
        };
      });
      lose(1000, "closed", undefined, 1000);
      if (!old) return;
      const patienceMs = 2_000;
      alarm(patienceMs, closed);
      await over;
    },
  ];
}
