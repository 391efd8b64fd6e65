// What nodes say to each other: questions of a closed set and their answers, as versioned, bounded JSON. Another node may
// run another version, so its bytes are parsed like a stranger's. Knows no bus.

import { utf8DecodeStrict, utf8Encode } from "@heddle/base";
import { closeCodes, errorCodes, misfit, type CloseKey, type ErrorKey, type Shape } from "@heddle/protocol";
import type { CallOutcome } from "../ports/index.ts";
import type { AskResult } from "../session/ask-result.ts";
import { parseRevocation, type Revocation } from "./revocation.ts";

/** Raised when a message changes so that an older node would misread it. Nodes of different versions do not answer. */
export const nodeProtocol = 1;

/** Whom something is about: one connection, or all connections of a user. */
export type Whom = { readonly user: string } | { readonly connection: string };

/** Every kind of question, with what answers it. */
export interface Talk {
  /** End connections. */
  hangUp: {
    readonly question: { readonly whom: Whom; readonly close: CloseKey; readonly why: string };
    readonly answer: { readonly count: number };
  };
  /** Give a notice to one connection. */
  notice: {
    readonly question: { readonly connection: string; readonly event: string; readonly json: string };
    readonly answer: { readonly outcome: "delivered" | "sent" | "unknown" };
  };
  /** Ask clients; answered at once with whom it was put to. `id` is the asking node's own. */
  ask: {
    readonly question: {
      readonly id: number;
      readonly whom: Whom;
      readonly op: string;
      readonly json: string;
      readonly ms: number;
    };
    readonly answer: { readonly connections: readonly string[] };
  };
  /** What clients said to an `ask`; answered when all have, or its time is over. */
  replies: {
    readonly question: { readonly id: number };
    readonly answer: { readonly results: readonly AskResult[] };
  };
  /** Nobody waits for an `ask` any longer. */
  stopAsk: { readonly question: { readonly id: number }; readonly answer: object };
  /** Close the connection with this secret, if it belongs to this owner: its client is connected elsewhere. */
  supersede: { readonly question: { readonly secret: string; readonly owner: string }; readonly answer: object };
  /** What the idempotent call with this key was answered, if it was carried out. */
  answer: {
    readonly question: { readonly key: string };
    readonly answer: { readonly is: "none" | "running" } | { readonly is: "known"; readonly outcome: CallOutcome };
  };
  /** Which connections a user has. */
  connections: {
    readonly question: { readonly user: string };
    /** `list` may end before `count` does. */
    readonly answer: { readonly list: readonly string[]; readonly count: number };
  };
  /** How a node is. */
  state: {
    readonly question: object;
    readonly answer: { readonly connections: number; readonly channels: number; readonly isDraining: boolean };
  };
  /** A revocation was stored. */
  revoked: { readonly question: Revocation; readonly answer: object };
}

export type Kind = keyof Talk;
export type QuestionOf<K extends Kind> = Talk[K]["question"];
export type AnswerOf<K extends Kind> = Talk[K]["answer"];

interface Rule {
  readonly question: Shape;
  readonly answer: Shape;
  /** What shapes cannot say. */
  readonly isQuestion?: (value: Readonly<Record<string, unknown>>) => boolean;
  readonly isAnswer?: (value: Readonly<Record<string, unknown>>) => boolean;
}

const outcomes: readonly unknown[] = ["delivered", "sent", "unknown"];

const rules: Readonly<Record<Kind, Rule>> = {
  hangUp: {
    question: { whom: "obj", close: "str", why: "str" },
    answer: { count: "int" },
    isQuestion: ({ whom, close }) => isWhom(whom) && Object.hasOwn(closeCodes, close as string),
  },
  notice: {
    question: { connection: "str", event: "str", json: "str" },
    answer: { outcome: "str" },
    isAnswer: ({ outcome }) => outcomes.includes(outcome),
  },
  ask: {
    question: { id: "int", whom: "obj", op: "str", json: "str", ms: "num" },
    answer: { connections: "strs" },
    isQuestion: ({ whom }) => isWhom(whom),
  },
  replies: {
    question: { id: "int" },
    answer: { results: "list" },
    isAnswer: ({ results }) => (results as readonly unknown[]).every(isAskResult),
  },
  stopAsk: { question: { id: "int" }, answer: {} },
  supersede: { question: { secret: "str", owner: "str" }, answer: {} },
  answer: {
    question: { key: "str" },
    answer: { is: "str", outcome: "obj?" },
    isAnswer: ({ is, outcome }) => is === "none" || is === "running" || (is === "known" && isOutcome(outcome)),
  },
  connections: { question: { user: "str" }, answer: { list: "strs", count: "int" } },
  state: {
    question: {},
    answer: { connections: "int", channels: "int", isDraining: "any" },
    isAnswer: ({ isDraining }) => typeof isDraining === "boolean",
  },
  revoked: { question: {}, answer: {}, isQuestion: (value) => parseRevocation(value) !== undefined },
};

/** A question as it came. `unknown`: of another version, or of a kind that this one does not have. */
export type Asked =
  | { readonly [K in Kind]: { readonly is: "question"; readonly kind: K; readonly question: QuestionOf<K> } }[Kind]
  | { readonly is: "unknown" }
  | { readonly is: "bad"; readonly why: string };

/** An answer as it came. `failed`: the other node says why not. */
export type Answered<K extends Kind> =
  | { readonly is: "answer"; readonly answer: AnswerOf<K> }
  | { readonly is: "failed"; readonly code: ErrorKey; readonly why: string }
  | { readonly is: "unknown" }
  | { readonly is: "bad"; readonly why: string };

export const encodeQuestion = <K extends Kind>(kind: K, question: QuestionOf<K>): Uint8Array =>
  utf8Encode(JSON.stringify([nodeProtocol, kind, question]));

export const encodeAnswer = <K extends Kind>(answer: AnswerOf<K>): Uint8Array =>
  utf8Encode(JSON.stringify([nodeProtocol, "ok", answer]));

export const encodeFailure = (code: ErrorKey, why: string): Uint8Array =>
  utf8Encode(JSON.stringify([nodeProtocol, "failed", { code, why }]));

export const encodeUnknown = (): Uint8Array => utf8Encode(JSON.stringify([nodeProtocol, "unknown", {}]));

export function decodeQuestion(bytes: Uint8Array): Asked {
  const parts = partsOf(bytes);
  if (parts === undefined) return { is: "bad", why: "no message of a node" };
  const [version, kind, value] = parts;
  if (version !== nodeProtocol || !Object.hasOwn(rules, kind)) return { is: "unknown" };
  const { question: shape, isQuestion } = rules[kind as Kind];
  const wrong = misfit(value, shape);
  if (wrong !== undefined) return { is: "bad", why: `${kind}.${wrong}: missing or of the wrong type` };
  if (isQuestion?.(value) === false) return { is: "bad", why: `${kind}: a value that it cannot have` };
  return { is: "question", kind, question: value } as unknown as Asked;
}

export function decodeAnswer<K extends Kind>(kind: K, bytes: Uint8Array): Answered<K> {
  const parts = partsOf(bytes);
  if (parts === undefined) return { is: "bad", why: "no message of a node" };
  const [version, word, value] = parts;
  if (version !== nodeProtocol || word === "unknown") return { is: "unknown" };
  if (word === "failed") {
    const { code, why } = value;
    const isKnown = typeof code === "string" && Object.hasOwn(errorCodes, code);
    return { is: "failed", code: isKnown ? (code as ErrorKey) : "failed", why: String(why) };
  }
  const { answer: shape, isAnswer } = rules[kind];
  const wrong = word === "ok" ? misfit(value, shape) : "its kind";
  if (wrong !== undefined) return { is: "bad", why: `answer to ${kind}: ${wrong} missing or of the wrong type` };
  if (isAnswer?.(value) === false) return { is: "bad", why: `answer to ${kind}: a value that it cannot have` };
  return { is: "answer", answer: value as AnswerOf<K> };
}

function partsOf(bytes: Uint8Array): [number, string, Readonly<Record<string, unknown>>] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(utf8DecodeStrict(bytes));
  } catch {
    return undefined;
  }
  if (!Array.isArray(value) || value.length !== 3) return undefined;
  const [version, word, body] = value as readonly unknown[];
  const isOurs = typeof version === "number" && typeof word === "string" && isObject(body);
  return isOurs ? [version, word, body] : undefined;
}

function isWhom(value: unknown): value is Whom {
  if (!isObject(value)) return false;
  const { user, connection } = value;
  return typeof (user ?? connection) === "string" && (user === undefined) !== (connection === undefined);
}

function isAskResult(value: unknown): value is AskResult {
  if (!isObject(value) || typeof value["connectionId"] !== "string") return false;
  if (value["is"] === "answer") return true; // whatever a client may say
  return value["is"] === "failure" && misfit(value, { code: "int", why: "str" }) === undefined;
}

/** The outcome of a call that does not stream. */
function isOutcome(value: unknown): value is CallOutcome {
  if (!isObject(value)) return false;
  if (value["is"] === "ok") return value["json"] === undefined || typeof value["json"] === "string";
  const isRefusal = ["refused", "forbidden", "tooLarge", "failed"].includes(value["is"] as string);
  return isRefusal && misfit(value, { why: "str", issues: "list?" }) === undefined;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
