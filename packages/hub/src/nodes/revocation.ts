// What a revocation is: whom it covers, until when, and how it is written down. Knows no log and no session.

import { misfit } from "@heddle/protocol";

/** Whose tokens are taken back: one of these. */
export type RevocationTarget =
  /** All sessions of a user. */
  | { readonly user: string }
  /** One connection, by its public id. */
  | { readonly connection: string }
  /** One token, by its claim `jti`. */
  | { readonly token: string }
  /** All tokens with this claim: a sign-in (`sid`), a tenant, a device. */
  | { readonly claim: { readonly name: string; readonly value: string | number } };

export interface Revocation {
  /** The same revocation, however often it arrives. */
  readonly id: string;
  readonly target: RevocationTarget;
  /** Tokens issued after this are good: those taken back are older. Of `token`: never. Wall clock, ms. */
  readonly untilMs: number;
  readonly why: string;
}

/** What is compared with a revocation. */
export interface Covered {
  readonly userId: string | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Longest part of a target. UTF-16 units. */
export const targetLengthMax = 256;
/** Longest reason. UTF-16 units. */
export const reasonLengthMax = 100;

/** The revocation in a value from outside; undefined when it is none. */
export function parseRevocation(value: unknown): Revocation | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  if (misfit(fields, { id: "str", target: "obj", untilMs: "num", why: "str" }) !== undefined) return undefined;
  return isTarget(fields["target"]) ? (value as Revocation) : undefined;
}

/** Whether a target is one of the four, with texts that are neither empty nor too long. */
export function isTarget(value: unknown): value is RevocationTarget {
  if (typeof value !== "object" || value === null) return false;
  const entries = Object.entries(value);
  if (entries.length !== 1) return false;
  const [kind, whom] = entries[0] as [string, unknown];
  if (kind !== "claim") return ["user", "connection", "token"].includes(kind) && isText(whom);
  if (typeof whom !== "object" || whom === null) return false;
  const { name, value: claimed } = whom as Readonly<Record<string, unknown>>;
  return isText(name) && (isText(claimed) || Number.isFinite(claimed));
}

/** One text for each target. */
export function keyOf(target: RevocationTarget): string {
  if ("user" in target) return `user ${target.user}`;
  if ("connection" in target) return `connection ${target.connection}`;
  if ("token" in target) return `token ${target.token}`;
  return claimKey(target.claim.name, target.claim.value);
}

/** A claim's value is compared with its type: 1 is not "1". */
export const claimKey = (name: string, value: unknown): string => `claim ${name} ${JSON.stringify(value)}`;

const isText = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && value.length <= targetLengthMax;
