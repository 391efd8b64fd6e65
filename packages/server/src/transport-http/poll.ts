// A resume that ends: what there is, or what comes within a while, and where every subscription stands then.

import type { Clock } from "@heddle/base";
import { wireLimits } from "@heddle/protocol";
import type { Frame, PollingSink } from "@heddle/hub/ports";
import { answersSub, isQuiet } from "./answers.ts";
import { lines } from "./framing.ts";
import { bodyHeaders, jsonAnswer, type HttpAnswer, type HttpRequest } from "./http-answer.ts";
import { refusal } from "./refusals.ts";
import type { Posted } from "./request-body.ts";
import { ResponsePort } from "./response-port.ts";
import type { HttpTransportEnv } from "./env.ts";

/** `POST …/poll`: held for `hello.wait` milliseconds at most. */
export async function postedPoll(request: HttpRequest, posted: Posted, env: HttpTransportEnv): Promise<HttpAnswer> {
  const { hello, frames } = posted;
  const stray = frames.find(({ t }) => t !== "presence");
  if (stray !== undefined) return jsonAnswer(400, { error: `${stray.t}: a poll takes hello and presence` });
  const waitMs = hello["wait"] ?? wireLimits.pollMs;
  if (typeof waitMs !== "number" || !(waitMs >= 0 && waitMs <= wireLimits.pollMsMax)) {
    return jsonAnswer(400, { error: `hello.wait: 0 to ${wireLimits.pollMsMax} ms` });
  }
  const news = new News(env.clock, Array.isArray(hello["subs"]) ? hello["subs"].length : 0);
  const port = new ResponsePort({
    ...{ clock: env.clock, framing: lines, queueBytes: env.queueBytes },
    onFrame: (frame) => news.saw(frame),
  });
  const sink = env.accept(port, { address: request.address, transport: "poll" });
  news.of(sink);
  port.connect(sink);
  if (request.signal.aborted) port.gone();
  else request.signal.addEventListener("abort", () => port.gone(), { once: true });
  sink.receive([JSON.stringify(hello), ...frames.map(({ text }) => text)].join("\n"));
  const beginning = await port.beginning;
  if (beginning.is === "refused") {
    port.gone();
    return refusal(beginning.code, beginning.why);
  }
  await Promise.race([news.answered, port.over]); // each is, in its time, so that the shortest poll tells where it stands
  await firstOf(env.clock, waitMs, news.come, port.over);
  // Positions come last: behind everything that is in the answer.
  if (!port.isOver) sink.tellPositions();
  port.close(1_000, "answered");
  return [{ status: 200, headers: bodyHeaders(lines.type) }, port];
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

/** Resolves with the first of them, or after `waitMs`. */
async function firstOf(clock: Clock, waitMs: number, ...events: readonly Promise<void>[]): Promise<void> {
  let timer: Disposable | undefined;
  const late = new Promise<void>((resolve) => {
    timer = clock.after(waitMs, () => resolve());
  });
  await Promise.race([late, ...events]);
  timer?.[Symbol.dispose]();
}
