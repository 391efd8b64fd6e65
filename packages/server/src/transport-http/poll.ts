// A resume that ends: what there is, or what comes within a while, and where every subscription stands then.

import { within, type Clock } from "@heddle/base";
import { wireLimits } from "@heddle/protocol";
import type { Frame, PollingSink } from "@heddle/hub/ports";
import { answersSub, isQuiet } from "./answers.ts";
import { lines } from "./framing.ts";
import { jsonAnswer, type HttpAnswer, type HttpRequest } from "./http-answer.ts";
import type { Posted } from "./request-body.ts";
import { greeted, linesOf, openSession, strayFrame } from "./session.ts";
import type { HttpTransportEnv } from "./env.ts";

/** `POST …/poll`: held for `hello.wait` milliseconds at most. */
export async function postedPoll(request: HttpRequest, posted: Posted, env: HttpTransportEnv): Promise<HttpAnswer> {
  const { hello } = posted;
  const stray = strayFrame(posted);
  if (stray !== undefined) return stray;
  const waitMs = hello["wait"] ?? wireLimits.pollMs;
  if (typeof waitMs !== "number" || !(waitMs >= 0 && waitMs <= wireLimits.pollMsMax)) {
    return jsonAnswer(400, { error: `hello.wait: 0 to ${wireLimits.pollMsMax} ms` });
  }
  const news = new News(env.clock, Array.isArray(hello["subs"]) ? hello["subs"].length : 0);
  const session = openSession(request, env, { framing: lines, transport: "poll", onFrame: (frame) => news.saw(frame) });
  const { port, sink } = session;
  news.of(sink);
  return greeted(session, lines, linesOf(posted), async () => {
    await Promise.race([news.answered, port.over]); // each is, in its time, so that the shortest poll tells where it stands
    await within(env.clock, waitMs, Promise.race([news.come, port.over]), () => undefined);
    // Positions come last: behind everything that is in the answer.
    if (!port.isOver) sink.tellPositions();
    port.close(1_000, "answered");
  });
}

/** When a poll has something to answer with: every subscription was answered, something came, and all there was is in. */
class News {
  /** Every subscription was answered. */
  readonly answered: Promise<void>;
  readonly come: Promise<void>;
  readonly #clock: Clock;
  #sink: PollingSink | undefined;
  #tell!: () => void;
  #tellAnswered!: () => void;
  #unansweredCount: number;
  #hasNews = false;
  #isDue = false;

  constructor(clock: Clock, subscriptionCount: number) {
    this.#clock = clock;
    this.#unansweredCount = subscriptionCount;
    this.come = new Promise((resolve) => (this.#tell = resolve));
    this.answered = new Promise((resolve) => (this.#tellAnswered = resolve));
    if (subscriptionCount === 0) this.#tellAnswered();
  }

  of(sink: PollingSink): void {
    this.#sink = sink;
  }

  saw({ kind, bytes }: Frame): void {
    if (kind === "control" && this.#unansweredCount > 0 && answersSub(bytes) && --this.#unansweredCount === 0)
      this.#tellAnswered();
    if (kind !== "control" || !isQuiet(bytes)) this.#hasNews = true;
    if (!this.#hasNews || this.#unansweredCount > 0 || this.#isDue) return;
    this.#isDue = true;
    this.#clock.turnEnd(() => {
      this.#isDue = false;
      // One that reads on says so by a frame, at the latest when it has caught up.
      if (this.#sink?.isCatchingUp === false) this.#tell();
    });
  }
}
