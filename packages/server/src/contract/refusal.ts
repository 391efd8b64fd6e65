// How an application says no, and what becomes of everything else its handlers throw.

import { CodedError, messageOf, type Random } from "@heddle/base";
import type { Issue } from "@heddle/protocol";
import { HubError } from "@heddle/hub";
import type { Logger } from "../logger.ts";

/** A deliberate no of a handler or hook. Its text is told to the client. */
export class Refusal extends CodedError<"refused" | "forbidden"> {
  readonly issues: readonly Issue[] | undefined;

  constructor(code: "refused" | "forbidden", why: string, issues?: readonly Issue[]) {
    super(code, why);
    this.issues = issues;
  }
}

/** Refuses what a client sent: it is answered `refused` (306) with this text. Thrown from handlers and hooks. */
export function refuse(why: string, issues?: readonly Issue[]): never {
  throw new Refusal("refused", why, issues);
}

/** Refuses the client itself: it is answered `forbidden` (203) with this text. Thrown from handlers and hooks. */
export function forbid(why = "not allowed"): never {
  throw new Refusal("forbidden", why);
}

/** Turns what application code threw into an answer for the client. */
export class Faults {
  readonly #logger: Logger;
  readonly #random: Random;

  constructor(logger: Logger, random: Random) {
    this.#logger = logger;
    this.#random = random;
  }

  /**
   * A refusal keeps its text. Anything else is a bug or an outage of the application: it is logged under an id, and the
   * client learns the id alone.
   */
  answerTo(thrown: unknown, where: string): HubError {
    if (thrown instanceof Refusal) return new HubError(thrown.code, thrown.message, { issues: thrown.issues });
    const id = this.#random.u32().toString(36);
    this.#logger.error({ id, where, error: thrown, reason: messageOf(thrown) }, `${where} failed`);
    return new HubError("failed", `internal error ${id}`, { cause: thrown });
  }
}
