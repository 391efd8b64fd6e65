// Messages between nodes over pub/sub. The link is up while every topic of this node is subscribed, so whoever waits for `up`
// hears everything that is published after it.

import { concatBytes, messageOf, Signal, utf8Decode, utf8Encode, type Clock } from "@heddle/base";
import { EngineError, type Bus, type NodeId } from "@heddle/hub/ports";
import type { RedisLimits } from "./limits.ts";
import type { Links } from "./links.ts";
import type { KeySpace } from "./partitions.ts";
import type { Attached } from "./topics.ts";

type Receive = (body: Uint8Array, from: NodeId) => void;
type Answer = (body: Uint8Array, from: NodeId) => Promise<Uint8Array>;

interface Topic {
  readonly receivers: Set<Receive>;
  attached: Attached | undefined;
  /** Under way: twice attached would hear everything twice. */
  attaching: Promise<void> | undefined;
  /** Settles with the first attachment. */
  readonly first: Promise<void>;
}

export interface RedisBusOptions {
  readonly self: NodeId;
  readonly links: Links;
  readonly space: KeySpace;
  readonly limits: RedisLimits;
  readonly clock: Clock;
}

const kinds = { request: 1, answer: 2, failure: 3 } as const;

export class RedisBus implements Bus, Disposable {
  readonly link = new Signal<{ readonly up: boolean; readonly gen: number }>();
  readonly #options: RedisBusOptions;
  readonly #topics = new Map<string, Topic>();
  readonly #waiting = new Map<number, { resolve(body: Uint8Array): void; reject(error: EngineError): void }>();
  #answer: Answer | undefined;
  #nextRequest = 1;
  #isUp = true;
  #gen = 1;
  #isClosed = false;
  #retry: Disposable | undefined;
  #pauseMs: number;

  constructor(options: RedisBusOptions) {
    this.#options = options;
    this.#pauseMs = options.limits.retryMinMs;
  }

  /** Listens for requests. @throws {EngineError} */
  async open(): Promise<void> {
    await this.subscribe(inboxOf(this.#options.self), (body, from) => this.#received(body, from));
  }

  publish(topic: string, body: Uint8Array): void {
    const { links, space, self } = this.#options;
    const from = utf8Encode(self);
    const partition = space.partitionOf(topic);
    links
      .call(
        partition,
        links.words.publish,
        space.key(partition, "t", topic),
        concatBytes([Uint8Array.of(from.length), from, body]),
      )
      .catch(() => undefined); // at most once: the link's end is told by itself
  }

  async subscribe(topic: string, receive: Receive): Promise<() => void> {
    const known = this.#topics.get(topic);
    const own: Receive = (body, from) => receive(body, from); // the same function may be subscribed twice
    const entry = known ?? this.#newTopic(topic);
    entry.receivers.add(own);
    const leave = (): void => {
      if (!entry.receivers.delete(own) || entry.receivers.size > 0 || this.#topics.get(topic) !== entry) return;
      this.#topics.delete(topic);
      entry.attached?.detach();
    };
    try {
      await entry.first;
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }

  async request(node: NodeId, body: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const id = this.#nextRequest++ >>> 0;
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        timer[Symbol.dispose]();
        this.#waiting.delete(id);
      };
      const timer = this.#options.clock.after(timeoutMs, () => {
        settle();
        reject(new EngineError("unknown", `node ${node}: no answer within ${timeoutMs} ms`));
      });
      this.#waiting.set(id, {
        resolve: (answer) => (settle(), resolve(answer)),
        reject: (error) => (settle(), reject(error)),
      });
      this.publish(inboxOf(node), framed(kinds.request, id, body));
    });
  }

  respond(answer: Answer): void {
    this.#answer = answer;
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#retry?.[Symbol.dispose]();
    for (const { reject } of [...this.#waiting.values()]) reject(new EngineError("unknown", "this node is stopping"));
    for (const { attached } of this.#topics.values()) attached?.detach();
    this.#topics.clear();
  }

  #newTopic(topic: string): Topic {
    const entry: { -readonly [K in keyof Topic]: Topic[K] } = {
      receivers: new Set(),
      attached: undefined,
      attaching: undefined,
      first: Promise.resolve(),
    };
    this.#topics.set(topic, entry);
    entry.first = this.#attach(topic, entry);
    return entry;
  }

  #attach(name: string, topic: Topic): Promise<void> {
    topic.attaching ??= this.#attachOnce(name, topic).finally(() => {
      topic.attaching = undefined;
    });
    return topic.attaching;
  }

  async #attachOnce(name: string, topic: Topic): Promise<void> {
    const { links, space } = this.#options;
    let isBroken = false;
    const partition = space.partitionOf(name);
    const attached = await links.attach(partition, space.key(partition, "t", name), {
      message: (_gen, body) => {
        const bodyAt = 1 + (body[0] ?? 0);
        const from = utf8Decode(body.subarray(1, bodyAt));
        const content = new Uint8Array(body.subarray(bodyAt));
        for (const receive of [...topic.receivers]) receive(content, from);
      },
      broken: () => {
        isBroken = true;
        topic.attached = undefined;
        this.#lost();
      },
    });
    if (this.#topics.get(name) !== topic || this.#isClosed) attached.detach();
    else if (!isBroken) topic.attached = attached;
  }

  #lost(): void {
    if (this.#isClosed || !this.#isUp) return;
    this.#isUp = false;
    this.link.emit({ up: false, gen: this.#gen });
    void this.#mend();
  }

  /** Attaches again what is not, until everything is. */
  async #mend(): Promise<void> {
    const missing = [...this.#topics].filter(([, { attached }]) => attached === undefined);
    await Promise.allSettled(missing.map(([name, topic]) => this.#attach(name, topic)));
    if (this.#isClosed) return;
    const { clock, limits } = this.#options;
    if ([...this.#topics.values()].some(({ attached }) => attached === undefined)) {
      this.#retry = clock.after(this.#pauseMs, () => void this.#mend());
      this.#pauseMs = Math.min(2 * this.#pauseMs, limits.retryMaxMs);
      return;
    }
    this.#pauseMs = limits.retryMinMs;
    this.#isUp = true;
    this.link.emit({ up: true, gen: ++this.#gen });
  }

  #received(body: Uint8Array, from: NodeId): void {
    const view = new DataView(body.buffer, body.byteOffset, body.length);
    const [kind, id, content] = [view.getUint8(0), view.getUint32(1), body.subarray(headerBytes)];
    if (kind === kinds.request) return void this.#respond(id, content, from);
    const waiting = this.#waiting.get(id);
    if (kind === kinds.answer) waiting?.resolve(content);
    else waiting?.reject(new EngineError("unknown", `node ${from}: ${utf8Decode(content)}`));
  }

  async #respond(id: number, body: Uint8Array, from: NodeId): Promise<void> {
    if (this.#answer === undefined) return; // as if nobody were there
    const reply = await this.#answer(body, from).then(
      (answer) => framed(kinds.answer, id, answer),
      (error: unknown) => framed(kinds.failure, id, utf8Encode(messageOf(error))),
    );
    this.publish(inboxOf(from), reply);
  }
}

const inboxOf = (node: NodeId): string => `node/${node}`;

const headerBytes = 5;

function framed(kind: number, id: number, body: Uint8Array): Uint8Array {
  const header = new Uint8Array(headerBytes);
  const view = new DataView(header.buffer);
  view.setUint8(0, kind);
  view.setUint32(1, id);
  return concatBytes([header, body]);
}
