// Pages of other origins (WHATWG Fetch §3.3, CORS): those that may connect are told so by name, all others get nothing.

import { closeCodes } from "@heddle/protocol";
import { jsonAnswer, type HttpAnswer, type HttpRequest } from "./http-answer.ts";

export interface CrossOrigin {
  /** The whole answer, when the request goes no further. */
  readonly answer?: HttpAnswer;
  /** What the answer's head says besides. */
  readonly headers: Readonly<Record<string, string>>;
}

/** How long a browser may remember that it asked. Seconds. */
const rememberS = 600;

/** @param isAllowed  whether the page's origin may connect; requests without an origin are no page's */
export function crossOrigin(request: HttpRequest, methods: readonly string[], isAllowed: boolean): CrossOrigin {
  const { origin } = request.headers;
  const vary = { Vary: "Origin" };
  if (!isAllowed) {
    const body = { code: closeCodes.banned.code, error: "this page's origin is not allowed" };
    return { answer: jsonAnswer(403, body, vary), headers: vary };
  }
  // Credentials stay off: the token is in the body or in a header that the page itself sets.
  const headers = origin === undefined ? vary : { ...vary, "Access-Control-Allow-Origin": origin };
  if (request.method !== "OPTIONS") return { headers };
  const preflight = {
    ...headers,
    Allow: [...methods, "OPTIONS"].join(", "),
    "Access-Control-Allow-Methods": methods.join(", "),
    "Access-Control-Allow-Headers": "authorization, content-type, last-event-id",
    "Access-Control-Max-Age": String(rememberS),
  };
  return { answer: [{ status: 204, headers: preflight }, ""], headers };
}
