// The beginning of a session over HTTP: taken in, told when its peer is gone, and greeted, before a head can be sent.

import type { Frame, PollingSink, TransportKind } from "@heddle/hub/ports";
import type { HttpTransportEnv } from "./env.ts";
import type { Framing } from "./framing.ts";
import { bodyHeaders, jsonAnswer, type HttpAnswer, type HttpRequest } from "./http-answer.ts";
import { refusal } from "./refusals.ts";
import type { Posted } from "./request-body.ts";
import { ResponsePort } from "./response-port.ts";

export interface HttpSession {
  readonly port: ResponsePort;
  readonly sink: PollingSink;
}

export interface SessionOptions {
  readonly framing: Framing;
  readonly transport: TransportKind;
  readonly onFrame?: (frame: Frame) => void;
}

export function openSession(
  { address, signal }: HttpRequest,
  env: HttpTransportEnv,
  { framing, transport, onFrame }: SessionOptions,
): HttpSession {
  const { clock, queueBytes } = env;
  const port = new ResponsePort({ clock, queueBytes, framing, ...(onFrame === undefined ? {} : { onFrame }) });
  const sink = env.accept(port, { address, transport });
  port.connect(sink);
  if (signal.aborted) port.gone();
  else signal.addEventListener("abort", () => port.gone(), { once: true });
  return { port, sink };
}

/**
 * Says what the client posted, and waits for what becomes of it.
 *
 * @param frames   a frame a line
 * @param welcome  runs once the session has begun
 */
export async function greeted(
  { port, sink }: HttpSession,
  { type }: Framing,
  frames: readonly string[],
  welcome: () => void | Promise<void> = () => undefined,
): Promise<HttpAnswer> {
  sink.receive(frames.join("\n"));
  const beginning = await port.beginning;
  if (beginning.is === "refused") {
    port.gone();
    return refusal(beginning.code, beginning.why);
  }
  await welcome();
  return [{ status: 200, headers: bodyHeaders(type) }, port];
}

/** Refuses what a session that follows cannot do: it says who it is, and where it is present. */
export function strayFrame({ frames }: Posted): HttpAnswer | undefined {
  const stray = frames.find(({ t }) => t !== "presence");
  return stray && jsonAnswer(400, { error: `${stray.t.slice(0, 40)}: here hello and presence are taken` });
}

/** Everything a client posted, a frame a line. */
export const linesOf = ({ hello, frames }: Posted): string[] => [
  JSON.stringify(hello),
  ...frames.map(({ text }) => text),
];
