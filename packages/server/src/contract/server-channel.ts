// One kind of channel of the contract on the server: its rules, and publishing to and reading from any of its channels.

import { OptionError } from "@heddle/base";
import { channelName, isChannelName, isNameWithin, toWirePos, wireLimits, type WirePos } from "@heddle/protocol";
import type { ChannelKey, Contract, EventInput, EventName, MemberOf, ParamsOf } from "@heddle/protocol/contract";
import { HubError, type Hub, type Publication } from "@heddle/hub";
import { pageOf, readQueryOf, type HistoryPage, type HistoryQuery } from "./events.ts";
import { keyOf } from "./conflation.ts";
import { contentOf, expectValid } from "./payload.ts";
import type { Authorize, Hook, MemberBy, Setup, SnapshotSource } from "./setup.ts";
import type {
  AuthorizeFunction,
  EventHook,
  EventOf,
  MemberByFunction,
  SnapshotFunction,
  UserSnapshotFunction,
} from "./types.ts";

export interface PublishOptions {
  /** Conflation key, where the channel's `latestBy` does not give one: of entries with one key, `key` subscribers may get the newest alone. At most 64 bytes. */
  readonly key?: string;
  /** A repetition with this key and the same content is recognised for an hour and not stored again. At most 128 bytes. */
  readonly idempotencyKey?: string;
  /** W3C trace context. */
  readonly traceparent?: string;
}

export interface Published {
  /** Undefined for volatile events. */
  readonly position: WirePos | undefined;
  /** The event was there already, under its idempotency key. */
  readonly duplicate: boolean;
}

/** Somebody who entered a channel. */
export interface ChannelMember<Data> {
  /** Identity of the session, the same over its reconnects; with `memberBy`, what its sessions are counted by. */
  readonly id: string;
  readonly user: string | undefined;
  readonly data: Data;
}

/** `.snapshot(load)`, shared by all joiners, and `.snapshot.perUser(load)`, which sees the user. */
export interface SnapshotSetter<C extends Contract, K extends ChannelKey<C>> {
  (load: SnapshotFunction<C, K>): ServerChannel<C, K>;
  perUser(load: UserSnapshotFunction<C, K>): ServerChannel<C, K>;
}

export class ServerChannel<C extends Contract, K extends ChannelKey<C>> {
  readonly #contract: C;
  readonly #key: K;
  readonly #setup: Setup;
  readonly #hub: () => Promise<Hub>;

  constructor(contract: C, key: K, setup: Setup, hub: () => Promise<Hub>) {
    this.#contract = contract;
    this.#key = key;
    this.#setup = setup;
    this.#hub = hub;
  }

  /**
   * Decides who may `subscribe`, read `history`, `publish`, see `presence` and `presence.enter`. Without it everybody who
   * is signed in may do all of that. Asked again when somebody's claims change.
   *
   * @throws {SetupError} the second time, or after the start
   */
  authorize(decide: AuthorizeFunction<C, K>): this {
    this.#setup.setAuthorize(this.#key, decide as Authorize);
    return this;
  }

  /**
   * Lets `hook` check, change or refuse what clients publish as `event`, before it is stored. The server's own publishes
   * do not pass it.
   *
   * @throws {SetupError} the second time, or after the start
   */
  on<E extends EventName<C, K>>(event: E, hook: EventHook<C, K, E>): this {
    this.#setup.setHook(this.#key, event, hook as Hook);
    return this;
  }

  /**
   * Says which sessions are one member of the channel: it comes with the first of them and leaves with the last, and the one
   * that entered or changed last speaks for it. Default: `session`.
   *
   * @throws {SetupError} the second time, or after the start
   */
  memberBy(by: MemberByFunction<C, K>): this {
    this.#setup.setMemberBy(this.#key, by as MemberBy);
    return this;
  }

  /** Gives subscriptions `at: "snap"` their first state. @throws {SetupError} the second time, or after the start */
  get snapshot(): SnapshotSetter<C, K> {
    const set = (source: SnapshotSource): this => {
      this.#setup.setSnapshot(this.#key, source);
      return this;
    };
    return Object.assign((load: SnapshotFunction<C, K>) => set({ shared: true, load } as SnapshotSource), {
      perUser: (load: UserSnapshotFunction<C, K>) => set({ shared: false, load } as SnapshotSource),
    });
  }

  /**
   * Publishes to every subscriber of one channel. Resolves when the log has it; a volatile event, when it is on its way.
   *
   * @throws {HubError} `refused` with issues when the payload breaks its schema, `tooLarge`, or what the store answers;
   *   {OptionError} for a key that is too long
   */
  async publish<E extends EventName<C, K>>(
    params: ParamsOf<C, K>,
    event: E,
    payload: EventInput<C, K, E>,
    options: PublishOptions = {},
  ): Promise<Published> {
    const channel = this.#nameOf(params);
    checkOptions(options);
    const ofChannel = this.#contract.channels[this.#key];
    const definition = ofChannel?.events[event];
    if (ofChannel === undefined || definition === undefined)
      throw new HubError("unknownName", `${channel}: no event ${JSON.stringify(event)}`);
    const value = await expectValid(event, definition.schema, payload);
    const key = keyOf(ofChannel, event, value) ?? options.key;
    const publication: Publication & PublishOptions = {
      ...{ ...options, event, ...contentOf(event, definition.schema, value) },
      ...(key === undefined ? {} : { key }),
    };
    const hub = await this.#hub();
    if (definition.isVolatile) {
      hub.publishVolatile(channel, publication);
      return { position: undefined, duplicate: false };
    }
    const { position, duplicate } = await hub.publish(channel, publication);
    return { position: position && toWirePos(position), duplicate };
  }

  /**
   * Who has entered, on any node; of one `user` only, if given. Waits up to half a second when this node does not know the
   * channel's members yet.
   *
   * @throws {HubError} `brokerUnavailable` when the other nodes cannot be asked
   */
  async members(
    params: ParamsOf<C, K>,
    { user }: { readonly user?: string } = {},
  ): Promise<readonly ChannelMember<MemberOf<C, K>>[]> {
    const channel = this.#nameOf(params);
    const hub = await this.#hub();
    const members = await hub.members(channel);
    const wanted = user === undefined ? members : members.filter(({ u }) => u === user);
    return wanted.map(({ x, u, d }) => ({ id: x, user: u, data: d as MemberOf<C, K> }));
  }

  /** How many have entered, on any node. @throws {HubError} as `members` */
  async memberCount(params: ParamsOf<C, K>): Promise<number> {
    const channel = this.#nameOf(params);
    const hub = await this.#hub();
    return hub.memberCount(channel);
  }

  /** One page of what the log keeps. @throws {HubError} `expired` when the position is not kept any more; {OptionError} */
  async history(params: ParamsOf<C, K>, query: HistoryQuery): Promise<HistoryPage<EventOf<C, K>>> {
    const channel = this.#nameOf(params);
    const asked = readQueryOf(query);
    const hub = await this.#hub();
    const read = await hub.history(channel, asked);
    if (read.proof !== "linked") throw new HubError("expired", `${channel}: this position is not kept any more`);
    return pageOf(asked, read) as HistoryPage<EventOf<C, K>>;
  }

  /** @throws {HubError} `unknownName` when a parameter breaks its schema or the name is too long */
  #nameOf(params: ParamsOf<C, K>): string {
    const name = channelName(this.#key, params as Readonly<Record<string, string | number>>);
    if (isChannelName(name) && this.#contract.resolve(name) !== undefined) return name;
    throw new HubError("unknownName", `${name.slice(0, 80)}: a parameter breaks its schema, or the name is too long`);
  }
}

const idempotencyKeyBytesMax = 128;
/** W3C Trace Context, version 00 to fe. */
const traceparentShape = /^(?!ff)[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

function checkOptions({ key, idempotencyKey, traceparent }: PublishOptions): void {
  if (key !== undefined && !isNameWithin(key, wireLimits.keyBytes)) {
    throw new OptionError("publish.key", key, `1 to ${wireLimits.keyBytes} bytes`);
  }
  if (idempotencyKey !== undefined && !isNameWithin(idempotencyKey, idempotencyKeyBytesMax)) {
    throw new OptionError("publish.idempotencyKey", idempotencyKey, `1 to ${idempotencyKeyBytesMax} bytes`);
  }
  if (traceparent !== undefined && !traceparentShape.test(traceparent)) {
    throw new OptionError("publish.traceparent", traceparent, "a W3C trace context");
  }
}
