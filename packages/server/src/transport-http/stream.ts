// One long resume: what a WebSocket would carry to the client, as events.

import type { ConnectionSink } from "@heddle/hub/ports";
import { events, eventsWithIds, type Framing } from "./framing.ts";
import { bodyHeaders, jsonAnswer, type HttpAnswer, type HttpRequest } from "./http-answer.ts";
import { refusal } from "./refusals.ts";
import { bearerOf, type Posted } from "./request-body.ts";
import { ResponsePort } from "./response-port.ts";
import type { HttpTransportEnv } from "./env.ts";

/** `POST …/stream`: subscriptions and token are those of the body. */
export function postedStream(
  request: HttpRequest,
  { hello, frames }: Posted,
  env: HttpTransportEnv,
): Promise<HttpAnswer> {
  const stray = frames.find(({ t }) => t !== "presence");
  if (stray !== undefined)
    return Promise.resolve(jsonAnswer(400, { error: `${stray.t}: a stream takes hello and presence` }));
  return stream(request, env, events, "stream", (sink) => {
    sink.receive([JSON.stringify(hello), ...frames.map(({ text }) => text)].join("\n"));
  });
}

/**
 * `GET …/stream?ch=…`: one channel, for `EventSource` and `curl -N`. `Last-Event-ID` is where it goes on; without it the
 * stream begins with what comes next.
 */
export function channelStream(
  request: HttpRequest,
  query: URLSearchParams,
  env: HttpTransportEnv,
): Promise<HttpAnswer> {
  const ch = query.get("ch");
  if (ch === null)
    return Promise.resolve(jsonAnswer(400, { error: "ch: the channel is wanted, as in /stream?ch=room%2F42" }));
  const at = positionOf(request.headers["last-event-id"]);
  if (at === undefined)
    return Promise.resolve(jsonAnswer(400, { error: "Last-Event-ID: epoch.offset.tag, as ids of events are" }));
  const token = bearerOf(request) ?? env.tokenOfCookie(request);
  const hello = {
    t: "hello",
    v: 1,
    pid: env.newProducerId(),
    ...(token === undefined ? {} : { k: token }),
    subs: [{ r: 1, ch, at }],
  };
  return stream(request, env, eventsWithIds(), "channel", (sink) => sink.receive(JSON.stringify(hello)));
}

async function stream(
  request: HttpRequest,
  env: HttpTransportEnv,
  framing: Framing,
  transport: "stream" | "channel",
  greet: (sink: ConnectionSink) => void,
): Promise<HttpAnswer> {
  const port = new ResponsePort({ clock: env.clock, framing, queueBytes: env.queueBytes });
  const sink = env.accept(port, { address: request.address, transport });
  port.connect(sink);
  if (request.signal.aborted) port.gone();
  else request.signal.addEventListener("abort", () => port.gone(), { once: true });
  greet(sink);
  const beginning = await port.beginning;
  if (beginning.is === "refused") {
    port.gone();
    return refusal(beginning.code, beginning.why);
  }
  return [{ status: 200, headers: bodyHeaders(framing.type) }, port];
}

/** The position an event's id says, or the present; undefined when it is neither. */
function positionOf(id: string | undefined): "live" | readonly ["pos", string, number, number] | undefined {
  if (id === undefined || id === "") return "live";
  const [, epoch, offset, tag] = /^([A-Za-z0-9_-]{1,16})\.(\d{1,16})\.(\d{1,10})$/.exec(id) ?? [];
  return epoch === undefined ? undefined : ["pos", epoch, Number(offset), Number(tag)];
}
