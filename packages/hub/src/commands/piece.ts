// A frame larger than one may be, in pieces: each is acknowledged, so that a client sends other frames between them, and the
// whole is carried out as if it had come at once.

import { messageOf } from "@heddle/base";
import {
  parseClientFrame,
  parseShallow,
  wireLimits,
  type CallFrame,
  type PieceFrame,
  type PubFrame,
} from "@heddle/protocol";
import { controlFrame } from "../channel/frames.ts";
import { Pieces } from "../session/pieces.ts";
import type { Session } from "../session/session.ts";

export function takePiece(session: Session, piece: PieceFrame): void {
  const { r, k } = piece;
  const { outgoing } = session;
  const taken = piecesOf(session).take(piece);
  switch (taken.is) {
    case "ignored":
      return;
    case "taken":
      return outgoing.send(controlFrame(outgoing.codec, { t: "taken", i: r, k }));
    case "tooLong":
      return session.refuse(r, "tooLarge", { why: `at most ${wireLimits.bigFrameLength} units are taken in pieces` });
    case "full":
      return session.refuse(r, "overloaded", { why: "too many frames come in pieces", ms: 1_000 });
    case "complete":
      return carryOut(session, r, taken.text);
  }
}

function piecesOf(session: Session): Pieces {
  const { clock, pieces, limits } = session.node;
  return (session.pieces ??= new Pieces(clock, pieces, limits.piecesLengthMax, (r) =>
    session.refuse(r, "cancelled", { why: `no piece for ${wireLimits.pieceMs} ms` }),
  ));
}

function carryOut(session: Session, r: number, text: string): void {
  const frame = frameOf(r, text);
  if (typeof frame === "string") return session.refuse(r, "badRequest", { why: frame });
  session.host.run(session, frame, 0); // its pieces were counted
}

/** The frame, or what is wrong with it. */
function frameOf(r: number, text: string): PubFrame | CallFrame | string {
  let value: unknown;
  try {
    value = parseShallow(text);
  } catch (error) {
    return `pieces: ${messageOf(error).slice(0, 80)}`;
  }
  const parsed = parseClientFrame(value, text.length);
  if (parsed.is === "bad") return parsed.why;
  const isWhole = parsed.is === "frame" && (parsed.frame.t === "pub" || parsed.frame.t === "call");
  return isWhole && parsed.frame.r === r ? parsed.frame : "pieces: a pub or call with their r wanted";
}
