// The transports over HTTP, on the platform's `fetch` unless another is given.

import type { Clock } from "@heddle/base";
import type { Transport } from "../transport.ts";
import { openHttp, type HttpLinkOptions } from "./http-link.ts";

/** @param url  of the server's endpoint: absolute, or relative to the page */
export const overHttp = (
  how: "stream" | "poll",
  url: string,
  clock: Clock,
  fetch: typeof globalThis.fetch = globalThis.fetch.bind(globalThis),
): Transport => ({
  name: how,
  open(handlers) {
    const options: HttpLinkOptions = { how, url: addressOf(url), clock, fetch };
    return openHttp(options, handlers);
  },
});

/** What names a WebSocket's endpoint names this one too. */
const addressOf = (url: string): string =>
  new URL(url, globalThis.location?.href).href.replace(/^ws/, "http").replace(/\/$/, "");
