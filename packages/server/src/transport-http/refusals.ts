// A session that did not begin, as HTTP says it.

import { closeCodes, type CloseKey } from "@heddle/protocol";
import { jsonAnswer, type HttpAnswer } from "./http-answer.ts";

const statusOf: Partial<Record<CloseKey, number>> = {
  draining: 503,
  internal: 500,
  overloaded: 503,
  rateLimited: 429,
  tokenExpired: 401,
  tokenRejected: 401,
  revoked: 401,
  unauthorised: 403,
  banned: 403,
  noCommonVersion: 426,
  silent: 408,
};

const statusByCode = new Map<number, number>(
  Object.entries(statusOf).map(([key, status]) => [closeCodes[key as CloseKey].code, status]),
);

/**
 * @param code         the close code of the `bye`, which the body repeats: by it a client knows whose answer it is
 * @param retryAfterS  when a client that was refused for now may come back. Seconds
 */
export function refusal(code: number, why: string, retryAfterS = 1): HttpAnswer {
  const status = statusByCode.get(code) ?? 400;
  const headers: Record<string, string> = {};
  if (status === 401) headers["WWW-Authenticate"] = "Bearer";
  if (status === 429 || status === 503) headers["Retry-After"] = String(retryAfterS);
  return jsonAnswer(status, { code, error: why }, headers);
}
