// One long resume: what a WebSocket would carry to the client, as events.

import { events, eventsWithIds } from "./framing.ts";
import { jsonAnswer, type HttpAnswer, type HttpRequest } from "./http-answer.ts";
import { bearerOf, type Posted } from "./request-body.ts";
import type { HttpTransportEnv } from "./env.ts";
import { greeted, linesOf, openSession, strayFrame } from "./session.ts";

/** `POST …/stream`: subscriptions and token are those of the body. */
export async function postedStream(request: HttpRequest, posted: Posted, env: HttpTransportEnv): Promise<HttpAnswer> {
  const stray = strayFrame(posted);
  if (stray !== undefined) return stray;
  const session = openSession(request, env, { framing: events, transport: "stream" });
  return greeted(session, events, linesOf(posted));
}

/**
 * `GET …/stream?ch=…`: one channel, for `EventSource` and `curl -N`. `Last-Event-ID` is where it goes on; without it the
 * stream begins with what comes next.
 */
export async function channelStream(
  request: HttpRequest,
  query: URLSearchParams,
  env: HttpTransportEnv,
): Promise<HttpAnswer> {
  const ch = query.get("ch");
  if (ch === null) return jsonAnswer(400, { error: "ch: the channel is wanted, as in /stream?ch=room%2F42" });
  const at = positionOf(request.headers["last-event-id"]);
  if (at === undefined) return jsonAnswer(400, { error: "Last-Event-ID: epoch.offset.tag, as ids of events are" });
  const token = bearerOf(request) ?? env.tokenOfCookie(request);
  const hello = {
    t: "hello",
    v: 1,
    pid: env.newProducerId(),
    ...(token === undefined ? {} : { k: token }),
    subs: [{ r: 1, ch, at }],
  };
  const framing = eventsWithIds();
  return greeted(openSession(request, env, { framing, transport: "channel" }), framing, [JSON.stringify(hello)]);
}

/** The position an event's id says, or the present; undefined when it is neither. */
function positionOf(id: string | undefined): "live" | readonly ["pos", string, number, number] | undefined {
  if (id === undefined || id === "") return "live";
  const [, epoch, offset, tag] = /^([A-Za-z0-9_-]{1,16})\.(\d{1,16})\.(\d{1,10})$/.exec(id) ?? [];
  return epoch === undefined ? undefined : ["pos", epoch, Number(offset), Number(tag)];
}
