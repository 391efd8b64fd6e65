// Requests without a connection: they run on whichever node the POST reaches, and the answers are its body.

import type { Clock } from "@heddle/base";
import { errorCodes, wireLimits } from "@heddle/protocol";
import type { ConnectionSink, Frame } from "@heddle/hub/ports";
import { lines } from "./framing.ts";
import { jsonAnswer, type HttpAnswer, type HttpRequest } from "./http-answer.ts";
import type { Posted, PostedFrame } from "./request-body.ts";
import { answerOf, requestNumberOf } from "./answers.ts";
import type { ResponsePort } from "./response-port.ts";
import type { HttpTransportEnv } from "./env.ts";
import { greeted, openSession } from "./session.ts";

/** What means something without a connection. */
const taken: ReadonlySet<string> = new Set(["pub", "call", "reply", "history", "presence"]);

/** `POST …/frames`: `hello`, then requests; a line each. Answers come as they are ready, `welcome` first. */
export async function postedFrames(request: HttpRequest, posted: Posted, env: HttpTransportEnv): Promise<HttpAnswer> {
  if (Array.isArray(posted.hello["subs"]) && posted.hello["subs"].length > 0) {
    return jsonAnswer(400, { error: "hello.subs: nothing is subscribed here" });
  }
  const work = new Work(env.clock, posted.frames);
  const session = openSession(request, env, {
    framing: lines,
    transport: "frames",
    onFrame: (frame) => work.saw(frame),
  });
  return greeted(session, lines, [JSON.stringify(posted.hello)], () => work.begin(session.port, session.sink));
}

/** Hands the frames on, a window of them at a time, and closes when all are answered. */
class Work {
  readonly #waiting: PostedFrame[];
  readonly #open = new Set<number>();
  #to: { readonly port: ResponsePort; readonly sink: ConnectionSink } | undefined;
  readonly #clock: Clock;
  #isDue = false;

  constructor(clock: Clock, frames: readonly PostedFrame[]) {
    this.#clock = clock;
    this.#waiting = [...frames].reverse();
  }

  begin(port: ResponsePort, sink: ConnectionSink): void {
    this.#to = { port, sink };
    this.#handOn();
  }

  /** A frame on its way to the client. */
  saw(frame: Frame): void {
    if (this.#to === undefined || frame.kind !== "control") return;
    const r = requestNumberOf(frame.bytes);
    if (r === undefined || !this.#open.delete(r) || this.#isDue) return;
    this.#isDue = true;
    // The request is open for the hub until its answer is sent.
    this.#clock.turnEnd(() => {
      this.#isDue = false;
      this.#handOn();
    });
  }

  #handOn(): void {
    if (this.#to === undefined) return;
    const { port, sink } = this.#to;
    while (!port.isOver && this.#open.size < wireLimits.requestWindowCount) {
      const next = this.#waiting.pop();
      if (next === undefined) break;
      this.#give(next, port, sink);
    }
    if (this.#open.size === 0 && this.#waiting.length === 0) port.close(1_000, "answered");
  }

  #give({ t, r, text }: PostedFrame, port: ResponsePort, sink: ConnectionSink): void {
    if (!taken.has(t)) {
      const { code, name } = errorCodes.badRequest;
      if (r !== undefined)
        port.send(answerOf({ t: "err", r, code, name, why: `${t.slice(0, 40)}: not in a POST of frames` }));
      return;
    }
    if (r !== undefined && t !== "reply") this.#open.add(r);
    sink.receive(text);
  }
}
