// What every kind of request over HTTP is given.

import type { Clock } from "@heddle/base";
import type { ConnectionPort, Peer, PollingSink } from "@heddle/hub/ports";
import type { HttpRequest } from "./http-answer.ts";

/** What the kinds of request have in common. */
export interface HttpTransportEnv {
  readonly clock: Clock;
  readonly queueBytes: number;
  accept(port: ConnectionPort, peer: Peer): PollingSink;
  newProducerId(): string;
  tokenOfCookie(request: HttpRequest): string | undefined;
}
