// What one connection's frames cost of what its client may ask for, and what is done about those that are too many.

import type { ParsedFrame } from "@heddle/protocol";
import { Rates, type Admitted } from "../pressure/rates.ts";
import type { Node } from "./node.ts";

/** Frames that answer the server, or that a client in trouble must get through. */
const unlimited: ReadonlySet<string> = new Set(["ack", "ping", "pong", "reply", "cancel", "auth"]);

export class FrameRates implements Disposable {
  readonly #node: Node;
  readonly #owner: string;
  readonly #rates: Rates;

  /** The rest is shared with the owner's other connections until this is disposed of. */
  constructor(node: Node, owner: string) {
    const nowMs = node.clock.monotonicMs();
    this.#node = node;
    this.#owner = owner;
    this.#rates = new Rates(node.userRates.table, node.userRates.join(owner, nowMs), nowMs);
  }

  /** How long a client should wait before it sends more than it was asked for now. Milliseconds. */
  get waitMs(): number {
    return this.#rates.waitMs(this.#node.clock.monotonicMs());
  }

  /** Counts what is carried out in any case. */
  pay(cost: number, subscriptionCount = 0): void {
    this.#rates.pay(cost, subscriptionCount, this.#node.clock.monotonicMs());
  }

  /** Counts what a frame that was wrong costs beyond one that was right. */
  payForWrong(): void {
    this.#rates.payForWrong(this.#node.clock.monotonicMs());
  }

  /** @param isAwaited  it goes on with what was begun: refused, that would have a hole */
  admit(parsed: ParsedFrame, cost: number, isAwaited: boolean): Admitted {
    const type = parsed.is === "frame" ? parsed.frame.t : "";
    if (unlimited.has(type)) return { is: "ok" };
    if (!isAwaited && type !== "unsub")
      return this.#rates.admit(cost, type === "sub" ? 1 : 0, this.#node.clock.monotonicMs());
    this.pay(cost); // refused, an `unsub` would go on costing
    return { is: "ok" };
  }

  [Symbol.dispose](): void {
    this.#node.userRates.leave(this.#owner);
  }
}
