// A call's input as a stream: the client sends parts as far as it was told to, which follows what the handler takes and what
// this client may ask for.

import { wireLimits, type ClientPartFrame } from "@heddle/protocol";
import { controlFrame } from "../channel/frames.ts";
import { HubError } from "../hub-error.ts";
import { Inbound } from "../session/inbound.ts";
import type { Session } from "../session/session.ts";

/** The values of the call `r`, which fail when it is stopped. Asks the client for the first. */
export function receiveParts(session: Session, r: number, signal: AbortSignal): AsyncIterable<unknown> {
  const inbound = new Inbound(wireLimits.streamWindowCost, teller(session, r));
  session.requests.receiving(r, inbound);
  const fail = (): void => inbound.fail(new HubError("cancelled", String((signal.reason as Error).message)));
  signal.addEventListener("abort", fail);
  if (signal.aborted) fail();
  else session.outgoing.send(controlFrame(session.outgoing.codec, { t: "part", r, n: 0 }));
  return inbound;
}

/** Tells a client how many of its parts were taken; later, when it has sent faster than it may. */
export function teller(session: Session, r: number | string): (takenCount: number, isStopped: boolean) => void {
  const { outgoing, node } = session;
  return (n, isStopped) => {
    const say = (): void => {
      if (!session.isOpen || !(isStopped || session.takesParts(r))) return;
      outgoing.send(controlFrame(outgoing.codec, { t: "part", r, n, ...(isStopped ? { stop: 1 } : {}) }));
    };
    const waitMs = isStopped ? 0 : session.rateWaitMs;
    if (waitMs > 0) node.clock.after(waitMs, say);
    else say();
  };
}

/** A part came. Of a request that is not open: ignored, it was on its way. */
export function takePart(session: Session, { r, d }: ClientPartFrame, cost: number): void {
  const inbound = typeof r === "number" ? session.requests.inbound(r) : session.node.asks.inbound(session, r);
  if (inbound === undefined) return;
  if (d === undefined) inbound.end();
  else if (!inbound.take(d, cost)) session.bye("malformed", "part: more than was asked for");
}
