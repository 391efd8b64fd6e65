// The control frames a connection sends, each checked against what may travel (RFC 6455 §5.5).

import { OptionError, utf8Encode } from "@heddle/base";
import { isSendableCloseCode } from "../core/close-code.ts";
import { packClose, packFrame } from "../core/frame.ts";
import { closeReasonBytesMax, controlPayloadBytesMax, opcodes } from "../core/opcode.ts";
import { OwnFrame } from "./own-frame.ts";

/** @throws {OptionError} when `payload` is over 125 bytes */
export function pingFrame(payload: Uint8Array): OwnFrame {
  if (payload.length > controlPayloadBytesMax) {
    throw new OptionError("payload", `${payload.length} bytes`, `at most ${controlPayloadBytesMax} bytes`);
  }
  return new OwnFrame(packFrame(opcodes.ping, payload));
}

/** The answer to a ping with this payload. */
export const pongFrame = (payload: Uint8Array): OwnFrame => new OwnFrame(packFrame(opcodes.pong, payload));

/** A close frame; `code` undefined for one without a body. `code` and `reason` are known to be good. */
export const closeFrame = (code: number | undefined, reason: string): OwnFrame => new OwnFrame(packClose(code, reason));

/** @throws {OptionError} when `code` or `reason` cannot stand in a close frame */
export function expectClose(code: number, reason: string): void {
  if (!isSendableCloseCode(code)) throw new OptionError("code", code, "1000–1003, 1007–1014 or 3000–4999");
  if (utf8Encode(reason).length > closeReasonBytesMax) {
    throw new OptionError("reason", reason, `at most ${closeReasonBytesMax} bytes of UTF-8`);
  }
}
