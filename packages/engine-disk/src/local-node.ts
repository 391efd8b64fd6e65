// Bus and registry of a node that is alone: what it publishes reaches itself.

import { messageOf, Signal, type Clock } from "@heddle/base";
import { EngineError, type Bus, type NodeId, type Registry } from "@heddle/hub/ports";

type Receiver = (body: Uint8Array, from: NodeId) => void;

export class LocalBus implements Bus {
  readonly link = new Signal<{ readonly up: boolean; readonly gen: number }>();
  readonly #self: NodeId;
  readonly #clock: Clock;
  readonly #topics = new Map<string, Set<Receiver>>();
  #answer: ((body: Uint8Array, from: NodeId) => Promise<Uint8Array>) | undefined;

  constructor(self: NodeId, clock: Clock) {
    this.#self = self;
    this.#clock = clock;
  }

  publish(topic: string, body: Uint8Array): void {
    for (const receive of this.#topics.get(topic) ?? []) receive(body, this.#self);
  }

  async subscribe(topic: string, receive: Receiver): Promise<() => void> {
    const receivers = this.#topics.get(topic) ?? new Set();
    const own: Receiver = (body, from) => receive(body, from); // the same function may be subscribed twice
    this.#topics.set(topic, receivers.add(own));
    return () => {
      receivers.delete(own);
      if (receivers.size === 0 && this.#topics.get(topic) === receivers) this.#topics.delete(topic);
    };
  }

  async request(node: NodeId, body: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const late = new EngineError("unknown", `node ${node}: no answer within ${timeoutMs} ms`);
    const answer = this.#answer;
    if (node !== this.#self || answer === undefined) throw late;
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(timeoutMs, () => reject(late));
      answer(body, this.#self)
        .then(resolve, (error: unknown) => reject(new EngineError("unknown", `node ${node}: ${messageOf(error)}`)))
        .finally(() => timer[Symbol.dispose]());
    });
  }

  respond(answer: (body: Uint8Array, from: NodeId) => Promise<Uint8Array>): void {
    this.#answer = answer;
  }
}

/** A registry that knows one node, for as long as it lives. */
export const localRegistry = (self: NodeId): Registry => ({
  self,
  alive: () => [self],
  changed: new Signal<{ alive: readonly NodeId[]; left: readonly NodeId[] }>(),
});
