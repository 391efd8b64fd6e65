// How clients of these tests reach their server: the suite runs once for every transport.

import { inject } from "vitest";
import { systemClock, systemRandom } from "@heddle/base/system";
import { nodeWebSocket } from "@heddle/client";
import type { Transport } from "@heddle/client/core";
import { httpPoll, httpStream } from "@heddle/client/http";

declare module "vitest" {
  interface ProvidedContext {
    transport: "websocket" | "stream" | "poll";
  }
}

const isHttp = (): boolean => inject("transport") !== "websocket";

/** Why a handler was stopped whose caller left: over HTTP a request that is left is a connection that ended. */
export const whyLeft = (): string => (isHttp() ? "the connection ended" : "cancelled");

/** What the sender of a unicast hears when it arrived: nobody acknowledges over HTTP. */
export const unicastOutcome = (): "delivered" | "sent" => (isHttp() ? "sent" : "delivered");

/** @param url  of the server, http */
export function transportTo(url: string): Transport {
  const endpoint = `${url}/realtime`;
  switch (inject("transport")) {
    case "stream":
      return httpStream(endpoint);
    case "poll":
      return httpPoll(endpoint);
    default:
      return nodeWebSocket(endpoint.replace("http", "ws"), { clock: systemClock(), random: systemRandom() });
  }
}
