// Clients that come from another node: the connection they left there is closed, and an idempotent call that reached that
// node is answered from there instead of being carried out again here.

import { wireLimits } from "@heddle/protocol";
import { within, type Clock } from "@heddle/base";
import { HubError } from "../hub-error.ts";
import type { CallOutcome, NodeId } from "../ports/index.ts";
import type { Answers } from "../session/answers.ts";
import type { Move } from "./move.ts";
import type { Nodes } from "./nodes.ts";

/** What is needed of a session whose client is connected elsewhere. */
interface Left {
  readonly owner: string;
  bye(key: "superseded", why: string): void;
}

export interface MovesEnv {
  readonly nodes: Nodes;
  /** The open sessions of this node. */
  readonly sessions: { withSecret(secret: string): Left | undefined };
  readonly answers: Answers;
  readonly clock: Clock;
  readonly limits: { readonly nodeAnswerMs: number };
}

export class Moves {
  readonly #env: MovesEnv;

  constructor(env: MovesEnv) {
    this.#env = env;
    const { nodes, answers, clock, limits } = env;
    nodes.answer("supersede", ({ secret, owner }) => {
      this.#closeHere(secret, owner);
      return {};
    });
    nodes.answer("answer", async ({ key }) => {
      const known = answers.known(key);
      if (known === undefined) return { is: "none" };
      const outcome = await within(clock, limits.nodeAnswerMs / 2, known, () => undefined);
      return outcome === undefined ? { is: "running" } : { is: "known", outcome };
    });
  }

  /**
   * Closes the connection with this secret, wherever it is, if it belongs to the same owner.
   *
   * @returns the move, when it was on another node
   */
  supersede(secret: string, owner: string): Move | undefined {
    const { nodes, clock } = this.#env;
    const node = secret.slice(0, Math.max(0, secret.lastIndexOf(".")));
    if (node === nodes.self || !nodes.others.includes(node)) {
      this.#closeHere(secret, owner);
      return undefined;
    }
    // What is asked of that node from now on arrives behind this, when the old connection can begin nothing any more.
    nodes.ask(node, "supersede", { secret, owner }).catch(ignoreLost);
    return { from: node, untilMs: clock.monotonicMs() + wireLimits.callMemoryMs };
  }

  /**
   * The answer of the call with this key: that of the node the client came from, if it was carried out there, else that of
   * `run`. A node that is lost holds nobody up.
   */
  async once(move: Move | undefined, key: string, run: () => Promise<CallOutcome>): Promise<CallOutcome> {
    const { answers, clock } = this.#env;
    return answers.once(key, async () => {
      const isRecent = move !== undefined && move.untilMs > clock.monotonicMs();
      return (isRecent ? await this.#answerOf(move.from, key) : undefined) ?? run();
    });
  }

  async #answerOf(node: NodeId, key: string): Promise<CallOutcome | undefined> {
    const { nodes, clock } = this.#env;
    const endMs = clock.monotonicMs() + wireLimits.callMsMax;
    while (clock.monotonicMs() < endMs) {
      const answer = await nodes.ask(node, "answer", { key }).catch(ignoreLost);
      if (answer?.is !== "running") return answer?.is === "known" ? answer.outcome : undefined;
    }
    return undefined;
  }

  #closeHere(secret: string, owner: string): void {
    const old = this.#env.sessions.withSecret(secret);
    if (old !== undefined && old.owner === owner) old.bye("superseded", "the same client is connected again");
  }
}

function ignoreLost(error: unknown): undefined {
  if (error instanceof HubError && error.node !== undefined) return undefined;
  throw error;
}
