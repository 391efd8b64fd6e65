// Which command a frame is.

import { unreachable } from "@heddle/base";
import type { ClientFrame, HelloFrame } from "@heddle/protocol";
import { controlFrame } from "../channel/frames.ts";
import type { Session } from "../session/session.ts";
import { authenticate } from "./auth.ts";
import { call } from "./call.ts";
import { history } from "./history.ts";
import { takePart } from "./input.ts";
import { takePiece } from "./piece.ts";
import { presence } from "./presence.ts";
import { publish } from "./publish.ts";
import { subscribe } from "./subscribe.ts";
import { unsubscribe } from "./unsubscribe.ts";

/** Carries out one frame of an open session. Frames that wait for something do not hold up the next. */
export function runCommand(session: Session, frame: Exclude<ClientFrame, HelloFrame>, cost: number): void {
  switch (frame.t) {
    case "sub":
      return subscribe(session, frame);
    case "unsub":
      return unsubscribe(session, frame);
    case "pub":
      return publish(session, frame);
    case "call":
      return call(session, frame);
    case "history":
      return history(session, frame);
    case "presence":
      return presence(session, frame);
    case "auth":
      return authenticate(session, frame);
    case "ack":
      if (!session.outgoing.ack(frame.n, frame.b))
        session.bye("malformed", `ack of ${frame.n} frames, cost ${frame.b}: falls or exceeds what was sent`);
      return;
    case "cancel":
      if (typeof frame.r === "number") session.requests.stop(frame.r, "cancelled");
      return;
    case "part":
      return takePart(session, frame, cost);
    case "piece":
      return takePiece(session, frame);
    case "credit":
      return session.requests.credit(frame.r, frame.b);
    case "reply":
      return session.node.asks.reply(session, frame.r, frame);
    case "ping":
      return session.outgoing.send(controlFrame(session.outgoing.codec, { t: "pong" }));
    case "pong":
      return;
    default:
      return unreachable(frame);
  }
}
