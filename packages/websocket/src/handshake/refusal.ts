// An HTTP answer other than 101 (RFC 6455 §4.2.2): its words, and how it leaves so that the peer can read it.

import { STATUS_CODES, validateHeaderName, validateHeaderValue } from "node:http";
import type { Duplex } from "node:stream";
import { expectInteger, OptionError, type Clock } from "@heddle/base";

export interface Refusal {
  /** HTTP status, 300…599. */
  readonly status: number;
  /** Sent as the body, in plain text. */
  readonly reason: string;
  /** Further headers, such as Retry-After, WWW-Authenticate or Location. Those that frame the answer are ours. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Written by us: with others beside them, a peer or a proxy could read the answer in two ways. */
const ownHeaders = new Set(["connection", "content-length", "content-type", "date", "transfer-encoding"]);

/**
 * A refusal as HTTP, ready to be written; the connection is to be closed after it.
 *
 * @param nowMs  milliseconds since 1970, for the Date that RFC 9110 §6.6.1 asks for
 * @throws {OptionError} for a status or a header that cannot be in it; {TypeError} for one that is none
 */
export function refusalBytes({ status, reason, headers = {} }: Refusal, nowMs: number): Buffer {
  expectInteger("status", status, 300, 599);
  const body = Buffer.from(`${reason}\n`);
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Refused"}`];
  let connection = "close";
  for (const [name, value] of Object.entries(headers)) {
    if (ownHeaders.has(name.toLowerCase())) throw new OptionError("headers", name, "other than the answer's own");
    validateHeaderName(name);
    validateHeaderValue(name, value); // a line break would let it add headers of its own
    if (name.toLowerCase() === "upgrade") connection = "close, Upgrade"; // RFC 9110 §7.8
    lines.push(`${name}: ${value}`);
  }
  lines.push(
    `Connection: ${connection}`,
    `Date: ${new Date(nowMs).toUTCString()}`,
    "Content-Type: text/plain; charset=utf-8",
    "X-Content-Type-Options: nosniff", // a reason that repeats what the peer sent must not become a page
    `Content-Length: ${body.length}`,
  );
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), body]);
}

/**
 * Answers with an HTTP error and ends the connection (§7.2.2): our side at once, all of it when the peer ends too, by `lingerMs`
 * (milliseconds) at the latest. Nothing is left behind on a socket that is gone already.
 *
 * @throws as `refusalBytes`; nothing is written then
 */
export function refuse(
  socket: Duplex,
  refusal: Refusal,
  { clock, wheel }: { readonly clock: Pick<Clock, "wallMs">; readonly wheel: Pick<Clock, "after"> },
  lingerMs: number,
): void {
  const answer = refusalBytes(refusal, clock.wallMs());
  socket.on("error", ignore);
  if (socket.destroyed) return;
  const timer = wheel.after(lingerMs, () => socket.destroy());
  socket.on("close", () => timer[Symbol.dispose]());
  // RFC 9112 §9.6: input nobody reads makes the kernel reset the connection, and the answer is lost on its way.
  socket.resume();
  socket.end(answer);
}

/** A refused peer that is gone already misses nothing; 'close' follows. */
function ignore(): void {}
