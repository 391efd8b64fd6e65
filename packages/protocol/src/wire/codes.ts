// Every error and close code: its name, and what it means for trying again. Server, docs and tests read this table.
// The client needs none of it: the class of a code (its hundreds) already carries the policy.

/** How a client may go on after an error: see `errorRetry`. */
export type Retry = "same-frame" | "token" | "never" | "after-ms";

export const errorCodes = {
  brokerUnavailable: { code: 101, name: "broker_unavailable", retry: "same-frame" },
  outcomeUnknown: { code: 102, name: "outcome_unknown", retry: "same-frame" },
  overloaded: { code: 103, name: "overloaded", retry: "same-frame" },
  outOfOrder: { code: 104, name: "out_of_order", retry: "same-frame" },
  notYet: { code: 105, name: "not_yet", retry: "same-frame" },
  tokenRequired: { code: 201, name: "token_required", retry: "token" },
  tokenInvalid: { code: 202, name: "token_invalid", retry: "token" },
  forbidden: { code: 203, name: "forbidden", retry: "never" },
  revoked: { code: 204, name: "revoked", retry: "never" },
  tokenExpired: { code: 205, name: "token_expired", retry: "token" },
  userChanged: { code: 206, name: "user_changed", retry: "never" },
  badRequest: { code: 301, name: "bad_request", retry: "never" },
  unknownName: { code: 302, name: "unknown_name", retry: "never" },
  tooLarge: { code: 303, name: "too_large", retry: "never" },
  conflict: { code: 304, name: "conflict", retry: "never" },
  idReused: { code: 305, name: "id_reused", retry: "never" },
  refused: { code: 306, name: "refused", retry: "never" },
  snapshotFailed: { code: 307, name: "snapshot_failed", retry: "after-ms" },
  expired: { code: 308, name: "expired", retry: "never" },
  cancelled: { code: 309, name: "cancelled", retry: "never" },
  failed: { code: 310, name: "failed", retry: "never" },
  alreadySubscribed: { code: 409, name: "already_subscribed", retry: "never" },
  notSubscribed: { code: 410, name: "not_subscribed", retry: "never" },
  rateLimited: { code: 429, name: "rate_limited", retry: "after-ms" },
  tooManySubscriptions: { code: 431, name: "too_many_subscriptions", retry: "never" },
} as const satisfies Record<string, { readonly code: number; readonly name: string; readonly retry: Retry }>;

export type ErrorKey = keyof typeof errorCodes;
export type ErrorCode = (typeof errorCodes)[ErrorKey]["code"];
export type ErrorName = (typeof errorCodes)[ErrorKey]["name"];

/** What a close asks of the client. */
export type CloseClass = "reconnect" | "token" | "drop-positions" | "terminal";

export const closeCodes = {
  draining: { code: 4000, class: "reconnect" },
  slow: { code: 4001, class: "reconnect" },
  silent: { code: 4002, class: "reconnect" },
  internal: { code: 4003, class: "reconnect" },
  overloaded: { code: 4004, class: "reconnect" },
  move: { code: 4005, class: "reconnect" },
  rateLimited: { code: 4029, class: "reconnect" },
  tokenExpired: { code: 4100, class: "token" },
  tokenRejected: { code: 4101, class: "token" },
  revoked: { code: 4102, class: "token" },
  stateInvalidated: { code: 4200, class: "drop-positions" },
  malformed: { code: 4400, class: "terminal" },
  unauthorised: { code: 4401, class: "terminal" },
  banned: { code: 4403, class: "terminal" },
  noCommonVersion: { code: 4406, class: "terminal" },
  replaced: { code: 4409, class: "terminal" },
  superseded: { code: 4410, class: "terminal" },
} as const satisfies Record<string, { readonly code: number; readonly class: CloseClass }>;

export type CloseKey = keyof typeof closeCodes;
export type CloseCode = (typeof closeCodes)[CloseKey]["code"];

/** WebSocket close code for a message beyond every limit (RFC 6455 §7.4.1). */
export const closeTooBig = 1009;

export const tokenHundred = 41;
export const dropPositionsHundred = 42;
export const terminalHundred = 44;
const classByHundred: Readonly<Record<number, CloseClass>> = {
  [tokenHundred]: "token",
  [dropPositionsHundred]: "drop-positions",
  [terminalHundred]: "terminal",
};
/** RFC 6455 §7.4.1: what was sent breaks a rule, and would again. */
const terminalCodes: readonly number[] = [1002, 1003, 1007, 1008, 1010];

/** The hundred a close code belongs to, of those in `classByHundred` or any other, which means "reconnect". */
export const closeHundredOf = (code: number): number =>
  terminalCodes.includes(code) ? terminalHundred : Math.floor(code / 100);

/**
 * The class of any close code, known or not: ranges carry the policy, so that an old client handles new codes.
 * 1000 and the codes of a broken link mean "reconnect"; 1002, 1003, 1007, 1008, 1010 are terminal.
 */
export const closeClassOf = (code: number): CloseClass => classByHundred[closeHundredOf(code)] ?? "reconnect";
