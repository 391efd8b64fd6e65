// Who listens to which topic over which link. A topic is subscribed once for all its receivers, and only as long as its link lives.

import { EngineError } from "@heddle/hub/ports";
import type { Link, PubSubWords } from "./link.ts";

export interface Receiver {
  message(gen: number, body: Buffer): void;
  /** Something may have been missed; the receiver is forgotten. */
  broken(gen: number, why: string): void;
}

export interface Attached {
  readonly gen: number;
  detach(): void;
}

interface Topic {
  readonly partition: number;
  readonly link: Link;
  readonly receivers: Set<Receiver>;
  readonly confirmed: Promise<unknown>;
}

export class Topics {
  readonly #words: PubSubWords;
  readonly #topics = new Map<string, Topic>();

  constructor(words: PubSubWords) {
    this.#words = words;
  }

  get count(): number {
    return this.#topics.size;
  }

  /** Resolves once Redis has confirmed. Messages may come before. @throws {EngineError | ReplyError} */
  async attach(link: Link, partition: number, name: string, receiver: Receiver): Promise<Attached> {
    const topic = this.#topicOf(link, partition, name);
    const own: Receiver = { message: (gen, body) => receiver.message(gen, body), broken: () => undefined };
    topic.receivers.add(own);
    const leave = (): void => {
      if (!topic.receivers.delete(own) || topic.receivers.size > 0 || this.#topics.get(name) !== topic) return;
      this.#topics.delete(name);
      if (link.isOpen)
        link.subscriber.call(this.#words.unsubscribe, name).catch((error: unknown) => link.end(String(error)));
    };
    try {
      await topic.confirmed;
    } catch (error) {
      leave();
      throw error;
    }
    if (!topic.receivers.has(own))
      throw new EngineError("unreachable", `${name}: the link broke while it was subscribed`);
    own.broken = (gen, why) => receiver.broken(gen, why); // until now the rejection would have told
    return { gen: link.gen, detach: leave };
  }

  message(link: Link, name: string, body: Buffer): void {
    const topic = this.#topics.get(name);
    if (topic?.link !== link) return;
    for (const receiver of topic.receivers) receiver.message(link.gen, body);
  }

  /** Tells and forgets the receivers of every topic for which `isBroken` holds. */
  breakAll(isBroken: (topic: { readonly partition: number; readonly link: Link }) => boolean, why: string): void {
    for (const [name, topic] of [...this.#topics]) {
      if (!isBroken(topic)) continue;
      this.#topics.delete(name);
      if (topic.link.isOpen)
        topic.link.subscriber
          .call(this.#words.unsubscribe, name)
          .catch((error: unknown) => topic.link.end(String(error)));
      const receivers = [...topic.receivers];
      topic.receivers.clear();
      for (const receiver of receivers) receiver.broken(topic.link.gen, why);
    }
  }

  /** Tells and forgets the receivers of one topic. */
  breakOne(name: string, why: string): void {
    const topic = this.#topics.get(name);
    if (topic !== undefined) this.breakAll((each) => each === topic, why);
  }

  #topicOf(link: Link, partition: number, name: string): Topic {
    const known = this.#topics.get(name);
    if (known?.link === link) return known;
    if (known !== undefined) this.breakOne(name, "its partition has moved");
    const confirmed = link.subscriber.call(this.#words.subscribe, name);
    const topic = { partition, link, receivers: new Set<Receiver>(), confirmed };
    this.#topics.set(name, topic);
    return topic;
  }
}
