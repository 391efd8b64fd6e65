// One connection's worth of HTTP: a client that speaks as over a WebSocket, and a server that is asked anew with every
// change. What is followed comes by a stream or by polls, one after the other; what is asked goes by POSTs.

import type { Clock } from "@heddle/base";
import type { ClientFrame, HelloFrame, ServerFrame } from "@heddle/protocol";
import type { Loose } from "../../connection/send.ts";
import { newAlarm } from "../../timers.ts";
import type { TransportHandlers, TransportLink } from "../transport.ts";
import { readFrames } from "./body-lines.ts";
import { newEntered } from "./entered.ts";
import { newFollowed } from "./followed.ts";
import { newPosts } from "./posts.ts";
import { lostCode, newRequest } from "./request.ts";

export interface HttpLinkOptions {
  /** How what is followed comes. */
  readonly how: "stream" | "poll";
  /** Absolute address of the server's endpoint. */
  readonly url: string;
  readonly clock: Clock;
  readonly fetch: typeof fetch;
}

/** Changes of what is followed are collected for so long before the server is asked anew. Milliseconds. */
const collectMs = 50;
/** Least time from one poll that brought nothing to the next. Milliseconds. */
const idlePollMs = 500;
/** How long leaving may take. Milliseconds. */
const leaveMs = 1_000;

export function openHttp({ how, url, clock, fetch }: HttpLinkOptions, handlers: TransportHandlers): TransportLink {
  const followed = newFollowed();
  const alarm = newAlarm(clock);
  const entered = newEntered();
  /** Publishes that wait for a subscription the client began before: it is to see them. As many as are open at a time. */
  let held: { readonly ch: string; readonly text: string }[] = [];
  let hello: Loose<HelloFrame> | undefined;
  let isGreeted = false;
  /** The `auth` that the next `welcome` answers. */
  let renewal: number | undefined;
  let under: AbortController | undefined;
  let isOver = false;

  const over = (code: number, why: string): void => {
    if (isOver) return;
    isOver = true;
    alarm();
    under?.abort();
    posts.stop();
    handlers.closed(code, why);
  };
  const heard = (text: string): void => {
    if (!isOver) handlers.message(text);
  };
  const say = (frame: ServerFrame): void => heard(JSON.stringify(frame));

  const request = newRequest({ url, fetch }, (code, why, after) => {
    if (code !== lostCode) say({ t: "bye", code, why, ...(after === undefined ? {} : { after }) });
    over(code, why);
  });

  const welcomed = (frame: Extract<ServerFrame, { t: "welcome" }>, text: string): void => {
    hello = { ...hello, prev: frame.rs, ...(frame.an === undefined ? {} : { an: frame.an }) } as Loose<HelloFrame>;
    if (!isGreeted) heard(text);
    isGreeted = true;
    if (renewal !== undefined) say({ t: "ok", r: renewal, ...(frame.exp === undefined ? {} : { exp: frame.exp }) });
    renewal = undefined;
  };

  /** @returns whether it says something */
  const take = (text: string): boolean => {
    if (text.startsWith('{"t":"welcome"')) {
      welcomed(JSON.parse(text) as Extract<ServerFrame, { t: "welcome" }>, text);
      return false;
    }
    const [, is, r] = /^\{"t":"(ok|err)","r":(\d+)/.exec(text) ?? [];
    if (r !== undefined) entered.answered(Number(r), is === "ok");
    const told = followed.take(text);
    if (told !== undefined) heard(told);
    const ready = held.filter(({ ch }) => !followed.awaits(ch));
    if (ready.length > 0) held = held.filter(({ ch }) => followed.awaits(ch));
    for (const publish of ready) posts.send(publish.text);
    return told !== undefined;
  };

  /** Asks anew, from where everything stands. The old answer is left at once: two would tell everything twice. */
  const follow = async (): Promise<void> => {
    under?.abort();
    const own = (under = new AbortController());
    const sinceMs = clock.monotonicMs();
    const wait = how === "poll" && (!isGreeted || followed.isAwaited) ? { wait: 0 } : {};
    const greeting = { ...hello, ...wait, subs: followed.ask() };
    try {
      const body = await request(how, [JSON.stringify(greeting), ...entered.frames()], own.signal);
      if (body === undefined) return;
      let isNews = false;
      await readFrames(body, (text) => {
        if (own.signal.aborted) return;
        isNews = take(text) || isNews;
      });
      if (own.signal.aborted) return;
      if (how === "stream") return over(lostCode, "the stream ended");
      heard('{"t":"ping"}'); // an answer is a sign of life
      const restMs = isNews ? 0 : Math.max(0, sinceMs + idlePollMs - clock.monotonicMs());
      alarm(restMs, () => void follow());
    } catch (error) {
      if (!own.signal.aborted) over(lostCode, String(error));
    }
  };
  const changed = (): void => alarm(collectMs, () => void follow());

  const posts = newPosts({
    request,
    hello: () => ({ ...hello, subs: undefined, prev: undefined }) as Loose<HelloFrame>,
    heard,
    failed: (error) => over(lostCode, String(error)),
    soon: (run) => clock.turnEnd(run),
  });

  const said = (text: string): void => {
    const frame = JSON.parse(text) as ClientFrame;
    switch (frame.t) {
      case "hello": {
        const { subs = [], f: _, ...rest } = frame; // abilities are for connections: a POST holds whole frames alone
        hello = rest as Loose<HelloFrame>;
        for (const body of subs) followed.sub(body);
        return void follow();
      }
      case "sub":
        followed.sub(frame);
        return changed();
      case "unsub":
        if (!followed.unsub(frame.ch)) return say({ t: "err", r: frame.r, code: 410, name: "not_subscribed" });
        say({ t: "ok", r: frame.r });
        return changed();
      case "auth":
        hello = { ...hello, k: frame.k } as Loose<HelloFrame>;
        renewal = frame.r;
        return changed();
      case "presence":
        return entered.say(frame, text) ? changed() : posts.send(text);
      case "call":
        return posts.send(text, frame);
      case "pub":
        if (followed.awaits(frame.ch)) held.push({ ch: frame.ch, text });
        else posts.send(text);
        return;
      case "cancel":
        return posts.cancel(Number(frame.r));
      case "ping":
        return void posts.greet();
      case "credit":
        return posts.credit(frame.r, frame.b);
      case "ack":
      case "pong":
        return; // TCP is all the flow control there is
      default:
        return posts.send(text);
    }
  };

  clock.turnEnd(() => {
    if (!isOver) handlers.opened();
  });
  return {
    send(message) {
      if (!isOver) for (const text of message.split("\n")) if (text) said(text);
    },
    close(code = 1_000, reason = "") {
      // Who leaves on purpose is gone at once, and not after the grace of a connection that was lost.
      const leaves = code === 1_000 ? entered.leaves() : [];
      if (leaves.length === 0) return clock.turnEnd(() => over(code, reason));
      alarm(leaveMs, () => over(code, reason));
      void posts.last(leaves).finally(() => over(code, reason));
    },
  };
}
