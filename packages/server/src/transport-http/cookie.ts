// The session cookie, for pages that cannot set a header.

import type { HttpRequest } from "./http-answer.ts";

/**
 * A cookie's value, for requests that a page of the same origin makes: a browser sends cookies along with requests of
 * every page, and says in `Sec-Fetch-Site` whose it is (W3C Fetch Metadata). Without that word the cookie counts for
 * nothing.
 */
export function cookieOf({ headers }: HttpRequest, name: string): string | undefined {
  if (headers["sec-fetch-site"] !== "same-origin") return undefined;
  for (const pair of (headers["cookie"] ?? "").split(";")) {
    const at = pair.indexOf("=");
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}
