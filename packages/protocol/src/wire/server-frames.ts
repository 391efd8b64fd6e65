// Server→client frames: their types, their shapes, and the parser the client trusts from there on.

import type { WirePos } from "./position.ts";
import { misfit, type Mode, type Shape } from "./shape.ts";

export const gapCauses = ["epoch", "fork", "unverified", "overflow", "expired"] as const;

/** Why something was missed; earlier in the list is worse. */
export type GapCause = (typeof gapCauses)[number];

export interface Gap {
  readonly why: GapCause;
  readonly from: WirePos;
  /** The position before the next delivered entry. */
  readonly to: WirePos;
}

/** What the engine in force guarantees. */
export interface Guarantee {
  readonly log: string;
  readonly ack: "memory" | "primary" | "quorum" | "fsync";
  readonly fork: "never" | "now" | "audit";
  readonly fifo: "strict" | "settled";
}

export interface WelcomeFrame {
  readonly t: "welcome";
  /** Public connection id. */
  readonly id: string;
  readonly node: string;
  /** User id; absent for anonymous sessions. */
  readonly u?: string;
  /** Producer identity derived from user and pid; stable over reconnects. */
  readonly x: string;
  /** Resume secret: closes this connection when the client comes back. */
  readonly rs: string;
  readonly an?: string;
  /** Expiry of the token, seconds since 1970. */
  readonly exp?: number;
  readonly ping: number;
  readonly w: number;
  readonly pw: number;
  readonly rw: number;
  readonly max: number;
  /** What a frame in pieces may have; absent where it may not. */
  readonly big?: number;
  readonly dw: number;
  readonly f: readonly string[];
  readonly now: number;
  readonly g: Guarantee;
}
export interface SubdFrame {
  readonly t: "subd";
  readonly r?: number;
  readonly ch: string;
  readonly c: number;
  /** Position from which the stream continues; absent when the whole channel is volatile. */
  readonly p?: WirePos;
  readonly m: Mode;
  readonly rec: "none" | "full" | "gap";
  readonly gap?: Gap;
  readonly j?: string;
  readonly snap?: unknown;
}
/** A publication. With `o` durable, without volatile. `c` 0 is a notice to this connection. */
export interface MessageFrame {
  readonly t: "m";
  readonly c: number;
  readonly o?: number;
  readonly g?: number;
  /** Previous offset when it is not o−1. */
  readonly p?: number;
  readonly e?: string;
  readonly d?: unknown;
  readonly b?: string;
  readonly i?: string;
  readonly key?: string;
  readonly ts?: number;
  readonly u?: string;
  readonly tp?: string;
}
export interface GapFrame extends Gap {
  readonly t: "gap";
  readonly c: number;
}
export interface LiveFrame {
  readonly t: "live";
  readonly c: number;
  readonly p: WirePos;
  readonly more?: 0 | 1;
}
export interface SkipFrame {
  readonly t: "skip";
  readonly c: number;
  readonly o: number;
  readonly g: number;
  readonly p?: number;
}
export interface OkFrame {
  readonly t: "ok";
  readonly r: number;
  readonly p?: WirePos;
  readonly dup?: 0 | 1;
  readonly exp?: number;
  readonly d?: unknown;
}
/** Presence of a channel: a full list, or what changed. */
export interface PresenceDiffFrame {
  readonly t: "pd";
  readonly c: number;
  readonly v: number;
  readonly full?: 0 | 1;
  readonly part?: number;
  readonly of?: number;
  readonly add?: readonly WireMember[];
  /** Session ids that left. */
  readonly del?: readonly string[];
  /** Members in the channel. */
  readonly n: number;
}
export interface WireMember {
  readonly x: string;
  readonly ver: number;
  readonly u?: string;
  readonly d?: unknown;
}
export interface StatusFrame {
  readonly t: "st";
  readonly c: number;
  readonly s: "degraded" | "live" | "lagging";
  readonly why?: string;
}
export interface ServerPingFrame {
  readonly t: "ping";
}
export interface ServerPongFrame {
  readonly t: "pong";
}
export interface ReauthFrame {
  readonly t: "reauth";
  readonly exp: number;
  readonly why: string;
}
export interface UnsubdFrame {
  readonly t: "unsubd";
  readonly c: number;
  readonly code: number;
  readonly why: string;
  readonly ms?: number;
}
export interface ByeFrame {
  readonly t: "bye";
  readonly code: number;
  readonly why: string;
  readonly after?: number;
  readonly to?: string;
}
/** The node goes away: who can opens its next connection before this one ends. */
export interface MoveFrame {
  readonly t: "move";
  /** Until this connection is ended by `bye`. */
  readonly ms: number;
}
export interface Issue {
  /** Where in the payload, e.g. `["text"]`. */
  readonly path: readonly (string | number)[];
  /** Which rule it breaks, in the schema library's words. */
  readonly message: string;
}
export interface ErrFrame {
  readonly t: "err";
  readonly r: number;
  readonly code: number;
  readonly name: string;
  readonly why?: string;
  readonly ms?: number;
  readonly head?: WirePos;
  readonly floor?: WirePos;
  readonly issues?: readonly Issue[];
}
/** One value of a stream; or, with `n`, what became of the parts the client sent. */
export interface PartFrame {
  readonly t: "part";
  readonly r: number | string;
  readonly d?: unknown;
  /** So many of the client's parts were taken; from 0, which asks for the first. */
  readonly n?: number;
  /** 1: no more of them are wanted. */
  readonly stop?: 0 | 1;
}
/** Pieces of a client's frame were taken. */
export interface TakenFrame {
  readonly t: "taken";
  /** `r` of the frame. */
  readonly i: number;
  /** All up to this piece. */
  readonly k: number;
}
export interface AskFrame {
  readonly t: "ask";
  readonly r: string;
  readonly op: string;
  readonly d?: unknown;
  readonly ms: number;
  readonly tp?: string;
  /** The answer is a stream, of which parts of this cost are taken ahead of its consumer. */
  readonly w?: number;
}
export interface ServerCancelFrame {
  readonly t: "cancel";
  readonly r: string;
}

export type ServerFrame =
  | WelcomeFrame
  | SubdFrame
  | MessageFrame
  | GapFrame
  | LiveFrame
  | SkipFrame
  | OkFrame
  | PresenceDiffFrame
  | StatusFrame
  | ServerPingFrame
  | ServerPongFrame
  | ReauthFrame
  | UnsubdFrame
  | ByeFrame
  | ErrFrame
  | PartFrame
  | TakenFrame
  | AskFrame
  | ServerCancelFrame
  | MoveFrame;

/** MessagePack numbers and key shapes of the server→client frames. */
export const serverFrameShapes: Readonly<Record<ServerFrame["t"], { readonly number: number; readonly keys: Shape }>> =
  {
    pong: { number: 8, keys: {} },
    cancel: { number: 10, keys: { r: "str" } },
    taken: { number: 15, keys: { i: "u32", k: "int" } },
    welcome: {
      number: 16,
      keys: {
        id: "str",
        node: "str",
        u: "str?",
        x: "str",
        rs: "str",
        an: "str?",
        exp: "num?",
        ping: "num",
        w: "int",
        pw: "int",
        rw: "int",
        max: "int",
        big: "int?",
        dw: "num",
        f: "strs",
        now: "num",
        g: "obj",
      },
    },
    subd: {
      number: 17,
      keys: { r: "u32?", ch: "str", c: "u32", p: "pos?", m: "mode", rec: "str", gap: "obj?", j: "str?", snap: "any?" },
    },
    m: {
      number: 18,
      keys: {
        c: "u32",
        o: "int?",
        g: "u32?",
        p: "int?",
        e: "str?",
        d: "any?",
        b: "str?",
        i: "str?",
        key: "str?",
        ts: "num?",
        u: "str?",
        tp: "str?",
      },
    },
    gap: { number: 20, keys: { c: "u32", why: "str", from: "pos", to: "pos" } },
    live: { number: 21, keys: { c: "u32", p: "pos", more: "flag?" } },
    skip: { number: 22, keys: { c: "u32", o: "int", g: "u32", p: "int?" } },
    ok: { number: 23, keys: { r: "u32", p: "pos?", dup: "flag?", exp: "num?", d: "any?" } },
    pd: {
      number: 24,
      keys: { c: "u32", v: "int", full: "flag?", part: "int?", of: "int?", add: "list?", del: "strs?", n: "int" },
    },
    st: { number: 25, keys: { c: "u32", s: "str", why: "str?" } },
    ping: { number: 26, keys: {} },
    reauth: { number: 27, keys: { exp: "num", why: "str" } },
    unsubd: { number: 28, keys: { c: "u32", code: "int", why: "str", ms: "num?" } },
    bye: { number: 29, keys: { code: "int", why: "str", after: "num?", to: "str?" } },
    err: {
      number: 30,
      keys: {
        r: "u32",
        code: "int",
        name: "str",
        why: "str?",
        ms: "num?",
        head: "pos?",
        floor: "pos?",
        issues: "list?",
      },
    },
    part: { number: 31, keys: { r: "id", d: "any?", n: "int?", stop: "flag?" } },
    ask: { number: 32, keys: { r: "str", op: "str", d: "any?", ms: "num", tp: "str?", w: "int?" } },
    move: { number: 33, keys: { ms: "num" } },
  };

/** One decoded server frame, or why it is none: `ignored` when unknown and not critical, else `bad`. */
export function parseServerFrame(value: unknown): ServerFrame | "ignored" | "bad" {
  const frame = value as Readonly<Record<string, unknown>>;
  const type = frame?.["t"];
  if (typeof type !== "string") return "bad";
  if (!Object.hasOwn(serverFrameShapes, type)) return type.startsWith("!") ? "bad" : "ignored";
  return misfit(frame, serverFrameShapes[type as ServerFrame["t"]].keys) === undefined ? (value as ServerFrame) : "bad";
}
