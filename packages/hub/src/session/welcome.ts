// What a client is told first: who it is, what it may send, and what is promised here.

import { commonFeatures, piecesFeature, wireLimits, type HelloFrame, type WelcomeFrame } from "@heddle/protocol";
import type { Actor } from "../ports/index.ts";
import type { Node } from "./node.ts";

/** Whom `welcome` greets. */
export interface Welcomed {
  readonly node: Node;
  readonly id: string;
  readonly resumeSecret: string;
  readonly actor: Actor;
}

export function welcomeFrame(
  { node, id, resumeSecret, actor }: Welcomed,
  hello: HelloFrame,
  anonymousTicket: string | undefined,
): WelcomeFrame {
  const { userId, expiresAtMs, x } = actor;
  const windowCost = hello.w ?? node.limits.windowCost;
  return {
    t: "welcome",
    id,
    node: node.name,
    ...(userId === undefined ? {} : { u: userId }),
    x,
    rs: resumeSecret,
    ...(anonymousTicket === undefined ? {} : { an: anonymousTicket }),
    ...(expiresAtMs === undefined ? {} : { exp: Math.floor(expiresAtMs / 1_000) }),
    ping: node.limits.pingMs,
    w: Math.min(Math.max(windowCost, wireLimits.windowCostMin), wireLimits.windowCostMax),
    pw: wireLimits.publishWindowCount,
    rw: wireLimits.requestWindowCount,
    max: wireLimits.frameBytes,
    ...(hello.f?.includes(piecesFeature) ? { big: wireLimits.bigFrameLength } : {}),
    dw: node.engine.traits.dedupWindowMs,
    f: commonFeatures(hello.f),
    now: node.clock.wallMs(),
    g: node.guarantee,
  };
}
