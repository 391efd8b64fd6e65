// A server for tests of an application's client: the real server over the engine in memory and a network in memory, which
// lets everybody do everything, writes down what clients do, and does what the test says. No second protocol.

import { expectInteger, type Clock, type Random } from "@heddle/base";
import type { Transport } from "@heddle/client/core";
import { MemoryStore } from "@heddle/hub/memory";
import { channelName } from "@heddle/protocol";
import type {
  AskInput,
  AskName,
  StreamAskName,
  AskOutput,
  CallName,
  CallRequest,
  ChannelKey,
  Contract,
  EventInput,
  EventName,
  EventOutput,
  NoticeInput,
  NoticeName,
  ParamsOf,
} from "@heddle/protocol/contract";
import {
  createServer,
  dangerouslyAllowAnonymous,
  memoryEngine,
  refuse,
  type AskOptions,
  type AuthorizeFunction,
  type CallContext,
  type CallFunction,
  type EventHook,
  type HeddleServer,
  type Logger,
  type Published,
  type SnapshotFunction,
  type UserAnswers,
} from "@heddle/server";
import { memoryNetwork, type MemoryNetwork } from "./memory-network.ts";

/** What a test says about one kind of channel. Without a word everybody may do everything. */
export interface MockChannel<C extends Contract, K extends ChannelKey<C>> {
  readonly authorize?: AuthorizeFunction<C, K>;
  /** Check, change or `refuse` what clients publish. */
  readonly on?: { readonly [E in EventName<C, K>]?: EventHook<C, K, E> };
  readonly snapshot?: SnapshotFunction<C, K>;
}

export interface MockOptions<C extends Contract> {
  /** Answers to calls; handlers may wait (`time.sleep`), `refuse` and `forbid`. Others are refused. */
  readonly calls?: { readonly [N in CallName<C>]?: CallFunction<C, N> };
  readonly channels?: { readonly [K in ChannelKey<C>]?: MockChannel<C, K> };
  /** Time for server, network and clients: `virtualTime()`. Default: the machine's. */
  readonly clock?: Clock;
  /** Chance follows from it. Default 1. */
  readonly seed?: number;
  /** Default: warnings and errors on standard error. */
  readonly logger?: Logger;
  /** Publishes and calls written down; the oldest go first. 1…1_000_000, default 10_000. */
  readonly recordedMax?: number;
}

/** A publish of a client, as its schema gave it. */
export type MockPublish<C extends Contract> = {
  readonly [K in ChannelKey<C>]: {
    readonly [E in EventName<C, K>]: {
      readonly channel: K;
      readonly params: ParamsOf<C, K>;
      readonly event: E;
      readonly payload: EventOutput<C, K, E>;
      /** Begins with `~` for anonymous clients. */
      readonly user: string;
    };
  }[EventName<C, K>];
}[ChannelKey<C>];

/** A call of a client, as its schema gave it. */
export type MockCall<C extends Contract> = {
  readonly [N in CallName<C>]: {
    readonly name: N;
    readonly input: CallRequest<C, N>;
    readonly user: string;
  };
}[CallName<C>];

export interface MockServer<C extends Contract> {
  /** What is behind it, for everything not named here. */
  readonly server: HeddleServer<C>;
  /** Between it and its clients; ways are named after users. */
  readonly network: MemoryNetwork;
  /** What clients published, refused or not; oldest first. */
  readonly publishes: readonly MockPublish<C>[];
  /** What clients called; oldest first. */
  readonly calls: readonly MockCall<C>[];
  /** Options for `createClient`: a client that signs in as `user`. */
  clientOptions(user: string): {
    readonly clock: Clock;
    readonly random: Random;
    readonly transport: Transport;
    readonly token: () => string;
  };
  /** From now on a call is answered by this. */
  answer<N extends CallName<C>>(name: N, handler: CallFunction<C, N>): void;
  /** Publishes as the server. @throws {HubError} */
  publish<K extends ChannelKey<C>, E extends EventName<C, K>>(
    channel: K,
    params: ParamsOf<C, K>,
    event: E,
    payload: EventInput<C, K, E>,
  ): Promise<Published>;
  /** Loses a channel's log: its subscribers are told a gap of the cause `epoch`. */
  gap<K extends ChannelKey<C>>(channel: K, params: ParamsOf<C, K>): void;
  /** Asks a user's clients. @throws {HubError} */
  ask<N extends Exclude<AskName<C>, StreamAskName<C>>>(
    user: string,
    name: N,
    question: AskInput<C, N>,
    options?: AskOptions,
  ): Promise<UserAnswers<AskOutput<C, N>>>;
  /** Sends a user's clients a notice. @throws {HubError} */
  notify<N extends NoticeName<C>>(user: string, name: N, notice: NoticeInput<C, N>): Promise<void>;
  /** Closes a user's connections with this code of PROTOCOL.md's table, e.g. 4403. */
  disconnect(user: string, code: number, why?: string): void;
}

/**
 * A server of this contract that answers as a test wants. Clients bring a user id as their token, or none.
 *
 * @throws {OptionError}
 */
export async function mockServer<const C extends Contract>(
  contract: C,
  options: MockOptions<C> = {},
): Promise<MockServer<C>> {
  const { clock, seed, logger, recordedMax = 10_000 } = options;
  expectInteger("recordedMax", recordedMax, 1, 1_000_000);
  const network = memoryNetwork({ ...(clock ? { clock } : {}), ...(seed === undefined ? {} : { seed }) });
  const store = new MemoryStore();
  const server = createServer({
    ...network.serverOptions(),
    ...{ contract, auth: dangerouslyAllowAnonymous((user = "") => ({ user })), engine: memoryEngine({ store }) },
    ...(logger ? { logger } : {}),
  });
  const mock = new Mock(server, network, store, { publishes: new Newest(recordedMax), calls: new Newest(recordedMax) });
  mock.setUp(contract, options);
  await network.listen(server);
  return mock;
}

type Answer = (input: unknown, context: CallContext) => unknown;

class Mock<C extends Contract> implements MockServer<C> {
  readonly server: HeddleServer<C>;
  readonly network: MemoryNetwork;
  readonly #store: MemoryStore;
  readonly #seen: { readonly publishes: Newest<MockPublish<C>>; readonly calls: Newest<MockCall<C>> };
  readonly #answers = new Map<string, Answer>();

  constructor(
    server: HeddleServer<C>,
    network: MemoryNetwork,
    store: MemoryStore,
    seen: { readonly publishes: Newest<MockPublish<C>>; readonly calls: Newest<MockCall<C>> },
  ) {
    this.server = server;
    this.network = network;
    this.#store = store;
    this.#seen = seen;
  }

  get publishes(): readonly MockPublish<C>[] {
    return this.#seen.publishes.all;
  }

  get calls(): readonly MockCall<C>[] {
    return this.#seen.calls.all;
  }

  /** Puts the test's word, and the recording before it, into the server's hooks. */
  setUp(contract: C, { calls = {}, channels = {} }: MockOptions<C>): void {
    for (const key of Object.keys(contract.channels) as ChannelKey<C>[]) {
      this.#setUpChannel(contract, key, (channels as Readonly<Record<string, MockChannel<C, ChannelKey<C>>>>)[key]);
    }
    for (const [name, answer] of Object.entries(calls)) this.#answers.set(name, answer as Answer);
    for (const name of Object.keys(contract.calls) as CallName<C>[]) {
      const handler: Answer = (input, context) => {
        this.#seen.calls.add({ name, input, user: context.user.id } as MockCall<C>);
        const answer = this.#answers.get(name);
        return answer === undefined ? refuse(`the mock has no answer to ${name}`) : answer(input, context);
      };
      this.server.call(name, handler as CallFunction<C, typeof name>);
    }
  }

  clientOptions(user: string): ReturnType<MockServer<C>["clientOptions"]> {
    return { ...this.network.clientOptions(user), token: () => user };
  }

  answer<N extends CallName<C>>(name: N, handler: CallFunction<C, N>): void {
    this.#answers.set(name, handler as Answer);
  }

  publish<K extends ChannelKey<C>, E extends EventName<C, K>>(
    channel: K,
    params: ParamsOf<C, K>,
    event: E,
    payload: EventInput<C, K, E>,
  ): Promise<Published> {
    return this.server.channel(channel).publish(params, event, payload);
  }

  gap<K extends ChannelKey<C>>(channel: K, params: ParamsOf<C, K>): void {
    this.#store.drop(channelName(channel, params as Readonly<Record<string, string | number>>));
  }

  ask<N extends Exclude<AskName<C>, StreamAskName<C>>>(
    user: string,
    name: N,
    question: AskInput<C, N>,
    options: AskOptions = {},
  ): Promise<UserAnswers<AskOutput<C, N>>> {
    return this.server.user(user).ask(name, question, options);
  }

  async notify<N extends NoticeName<C>>(user: string, name: N, notice: NoticeInput<C, N>): Promise<void> {
    await this.server.user(user).send(name, notice);
  }

  disconnect(user: string, code: number, why?: string): void {
    this.network.close(user, code, why);
  }

  #setUpChannel<K extends ChannelKey<C>>(contract: C, key: K, said: MockChannel<C, K> = {}): void {
    const channel = this.server.channel(key);
    if (said.authorize !== undefined) channel.authorize(said.authorize);
    if (said.snapshot !== undefined) channel.snapshot(said.snapshot);
    for (const event of Object.keys(contract.channels[key]?.events ?? {}) as EventName<C, K>[]) {
      channel.on(event, (payload, context) => {
        const { params, user } = context;
        this.#seen.publishes.add({ channel: key, params, event, payload, user: user.id } as unknown as MockPublish<C>);
        return said.on?.[event]?.(payload, context);
      });
    }
  }
}

/** The newest so many things. */
class Newest<T> {
  readonly #most: number;
  readonly #all: T[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  get all(): readonly T[] {
    return this.#all;
  }

  add(item: T): void {
    this.#all.push(item);
    if (this.#all.length > this.#most) this.#all.shift();
  }
}
