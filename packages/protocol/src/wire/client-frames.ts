// Client→server frames: their types, their shapes, and the parser the server trusts from there on.

import { frameDepthMax, isTooDeep } from "./depth.ts";
import type { WirePos } from "./position.ts";
import { misfit, type Mode, type Shape } from "./shape.ts";

/** Where a subscription begins. */
export type Start = "live" | "snap" | readonly ["pos", ...WirePos] | readonly ["last", number];

/** A subscription request; `hello.subs` holds these without `t`. */
export interface SubBody {
  readonly r: number;
  readonly ch: string;
  readonly at: Start;
  /** Mode, not stronger than the channel offers; the channel's own when absent. */
  readonly m?: Mode;
  /** 1: with presence. */
  readonly pr?: 0 | 1;
  /** Ticket from an earlier `subd`. */
  readonly j?: string;
}

export interface HelloFrame {
  readonly t: "hello";
  readonly v: number;
  /** Token. */
  readonly k?: string;
  /** Producer id: 96 random bits in base64url, drawn at every start of the client. */
  readonly pid: string;
  /** Anonymous ticket from an earlier `welcome.an`. */
  readonly an?: string;
  /** `welcome.rs` of the connection this one replaces. */
  readonly prev?: string;
  readonly subs?: readonly SubBody[];
  /** Wanted flow-control window. */
  readonly w?: number;
  readonly f?: readonly string[];
  readonly sdk?: string;
}
export interface SubFrame extends SubBody {
  readonly t: "sub";
}
export interface UnsubFrame {
  readonly t: "unsub";
  readonly r: number;
  readonly ch: string;
}
export interface PubFrame {
  readonly t: "pub";
  readonly r?: number;
  readonly ch: string;
  readonly e?: string;
  /** Publish counter of this producer, from 1; absent for volatile events. */
  readonly n?: number;
  /** `n` of the nearest earlier publish of this producer and channel still in the outbox; 0 if none. */
  readonly pn?: number;
  readonly pid?: string;
  readonly ex?: WirePos;
  readonly key?: string;
  readonly tp?: string;
  readonly d?: unknown;
  /** Base64 bytes, instead of `d`. */
  readonly b?: string;
}
export interface CallFrame {
  readonly t: "call";
  readonly r: number;
  readonly op: string;
  readonly d?: unknown;
  /** Deadline, ms from now. */
  readonly ms?: number;
  /** Only for operations declared idempotent. */
  readonly n?: number;
  readonly tp?: string;
  /** Cost of parts the client takes ahead of its consumer; only for operations that stream, and they need it. */
  readonly w?: number;
}
/** One value of a stream from the client: of a call's input, or of the answer to an ask. */
export interface ClientPartFrame {
  readonly t: "part";
  /** Of the call or ask. */
  readonly r: number | string;
  /** The value; without it, the input is complete. */
  readonly d?: unknown;
}
/** A piece of a `pub` or `call` that is larger than one frame may be. */
export interface PieceFrame {
  readonly t: "piece";
  /** Of the frame that is sent in pieces. */
  readonly r: number;
  /** Number of the piece, from 0. */
  readonly k: number;
  /** Part of the frame's JSON text, in any codec. */
  readonly s: string;
  /** 1: the last. */
  readonly z?: 0 | 1;
}
/** The consumer of a stream has taken more of it. */
export interface CreditFrame {
  readonly t: "credit";
  /** Of the call. */
  readonly r: number;
  /** Cost of all parts taken so far. */
  readonly b: number;
}
export interface AckFrame {
  readonly t: "ack";
  /** Frames taken out of the receive path since `welcome`. */
  readonly n: number;
  /** Their cost. */
  readonly b: number;
}
export interface AuthFrame {
  readonly t: "auth";
  readonly r: number;
  readonly k: string;
}
export interface PingFrame {
  readonly t: "ping";
}
export interface PongFrame {
  readonly t: "pong";
}
export interface ReplyFrame {
  readonly t: "reply";
  /** `r` of the `ask`. */
  readonly r: string;
  readonly d?: unknown;
  readonly err?: { readonly code: number; readonly why?: string };
}
export interface CancelFrame {
  readonly t: "cancel";
  /** `r` of a call (client→server) or of an ask (server→client). */
  readonly r: number | string;
}
export interface HistoryFrame {
  readonly t: "history";
  readonly r: number;
  readonly ch: string;
  readonly before?: WirePos;
  readonly after?: WirePos;
  readonly last?: number;
  readonly limit?: number;
  readonly min?: WirePos;
}
export interface PresenceFrame {
  readonly t: "presence";
  readonly r: number;
  readonly ch: string;
  readonly op: string;
  readonly ver?: number;
  readonly d?: unknown;
  readonly limit?: number;
  readonly after?: string;
}

export type ClientFrame =
  | HelloFrame
  | SubFrame
  | UnsubFrame
  | PubFrame
  | CallFrame
  | AckFrame
  | AuthFrame
  | PingFrame
  | PongFrame
  | ReplyFrame
  | CancelFrame
  | CreditFrame
  | ClientPartFrame
  | PieceFrame
  | HistoryFrame
  | PresenceFrame;

/** MessagePack numbers and key shapes of the client→server frames. */
export const clientFrameShapes: Readonly<Record<ClientFrame["t"], { readonly number: number; readonly keys: Shape }>> =
  {
    hello: {
      number: 1,
      keys: {
        v: "int",
        k: "str?",
        pid: "str",
        an: "str?",
        prev: "str?",
        subs: "list?",
        w: "int?",
        f: "strs?",
        sdk: "str?",
      },
    },
    sub: { number: 2, keys: { r: "u32", ch: "str", at: "at", m: "mode?", pr: "flag?", j: "str?" } },
    unsub: { number: 3, keys: { r: "u32", ch: "str" } },
    pub: {
      number: 4,
      keys: {
        r: "u32?",
        ch: "str",
        e: "str?",
        n: "int?",
        pn: "int?",
        pid: "str?",
        ex: "pos?",
        key: "str?",
        tp: "str?",
        d: "any?",
        b: "str?",
      },
    },
    call: { number: 5, keys: { r: "u32", op: "str", d: "any?", ms: "num?", n: "int?", tp: "str?", w: "int?" } },
    ack: { number: 6, keys: { n: "int", b: "int" } },
    auth: { number: 7, keys: { r: "u32", k: "str" } },
    pong: { number: 8, keys: {} },
    reply: { number: 9, keys: { r: "str", d: "any?", err: "obj?" } },
    cancel: { number: 10, keys: { r: "id" } },
    history: {
      number: 11,
      keys: { r: "u32", ch: "str", before: "pos?", after: "pos?", last: "int?", limit: "int?", min: "pos?" },
    },
    presence: {
      number: 12,
      keys: { r: "u32", ch: "str", op: "str", ver: "int?", d: "any?", limit: "int?", after: "str?" },
    },
    credit: { number: 13, keys: { r: "u32", b: "int" } },
    piece: { number: 14, keys: { r: "u32", k: "int", s: "str", z: "flag?" } },
    ping: { number: 26, keys: {} },
    part: { number: 31, keys: { r: "id", d: "any?" } },
  };

/** What became of one frame of a message from a client. */
export type ParsedFrame =
  | { readonly is: "frame"; readonly frame: ClientFrame }
  /** Mistyped: answered `bad_request` when `r` is known, else the connection closes with 4400. */
  | { readonly is: "bad"; readonly r: number | undefined; readonly why: string }
  /** An unknown frame nobody must understand. */
  | { readonly is: "ignored"; readonly type: string }
  /** An unknown frame the sender insists on: close 4406. */
  | { readonly is: "critical"; readonly type: string };

/**
 * Checks one decoded frame. Pure; the result aliases `value`.
 *
 * @param length  units it was read from; 0: it came in a way that is bounded, and its depth is not looked at
 */
export function parseClientFrame(value: unknown, length = 0): ParsedFrame {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { is: "bad", r: undefined, why: "a frame is a JSON object" };
  }
  const frame = value as Readonly<Record<string, unknown>>;
  const type = frame["t"];
  if (typeof type !== "string") return { is: "bad", r: undefined, why: "t: a frame's type is a string" };
  if (!Object.hasOwn(clientFrameShapes, type)) {
    return type.startsWith("!") ? { is: "critical", type } : { is: "ignored", type };
  }
  const why = isTooDeep(frame, length)
    ? `nested deeper than ${frameDepthMax} levels`
    : problemOf(frame, type as ClientFrame["t"]);
  if (why === undefined) return { is: "frame", frame: value as ClientFrame };
  const r = frame["r"];
  return {
    is: "bad",
    r: typeof r === "number" && Number.isInteger(r) && r >= 0 && r <= 0xffff_ffff ? r : undefined,
    why,
  };
}

function problemOf(frame: Readonly<Record<string, unknown>>, type: ClientFrame["t"]): string | undefined {
  const key = misfit(frame, clientFrameShapes[type].keys);
  if (key !== undefined) return `${type}.${key}: missing or of the wrong type`;
  if (type === "hello") {
    for (const [index, body] of ((frame["subs"] as unknown[]) ?? []).entries()) {
      const isObject = typeof body === "object" && body !== null;
      const inner = isObject ? misfit(body as Record<string, unknown>, clientFrameShapes.sub.keys) : "";
      if (inner !== undefined) return `hello.subs[${index}]${inner && `.${inner}`}: missing or of the wrong type`;
    }
  }
  return undefined;
}
