// What an application said about its channels and calls: plain hooks without types, behind the typed facade.

import { CodedError } from "@heddle/base";
import type { WirePos } from "@heddle/protocol";
import type { Action } from "@heddle/hub/ports";
import type { User } from "./user.ts";

/** What every hook of a channel is told. */
export interface ChannelContext {
  /** The channel's name on the wire. */
  readonly channel: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** …and of a hook that runs for somebody. */
export interface ActorContext extends ChannelContext {
  readonly user: User;
  /** The same as `user.claims`. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly connectionId: string;
}

/** What a hook that takes its time may watch. */
export interface StoppedContext {
  /** Aborted at the hook's deadline, and when the connection it runs for ends: nobody waits for it any more. */
  readonly signal: AbortSignal;
}

export interface AuthorizeContext extends ActorContext, StoppedContext {
  readonly action: Action;
}

export interface HookContext extends ActorContext, StoppedContext {
  /** Wall clock, ms. */
  readonly now: number;
}

export interface SnapshotContext extends ChannelContext, StoppedContext {
  /** The head of the channel when loading began. Later entries follow the snapshot. */
  readonly position: WirePos;
}

/** Only `true` allows; what else comes from code without types does not. */
export type Authorize = (context: AuthorizeContext) => unknown;
export type Hook = (value: unknown, context: HookContext) => unknown;
export type SnapshotSource =
  | { readonly shared: true; load(context: SnapshotContext): unknown }
  | { readonly shared: false; load(context: SnapshotContext & ActorContext): unknown };

/** Whom a session counts as in presence: sessions of one user, or of what is named, are one member. */
export type MemberBy = "session" | "user" | ((context: ActorContext) => string);

export interface CallContext {
  readonly user: User;
  /** The same as `user.claims`. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly connectionId: string;
  /** Aborted by cancel, deadline or disconnect. */
  readonly signal: AbortSignal;
  /** The same for every repetition of an idempotent call; undefined for others. */
  readonly idempotencyKey: string | undefined;
}

export type CallHandler = (input: unknown, context: CallContext) => unknown;

/** What is said about one kind of channel. */
export interface ChannelSetup {
  authorize: Authorize | undefined;
  readonly hooks: Map<string, Hook>;
  snapshot: SnapshotSource | undefined;
  memberBy: MemberBy | undefined;
}

export type SetupCode = "already-set" | "already-started" | "handlers-missing" | "closed";

/** The application set its server up in a way that cannot work. */
export class SetupError extends CodedError<SetupCode> {}

/** Everything said before the server started; from then on it is fixed, so that all connections meet the same rules. */
export class Setup {
  readonly #channels = new Map<string, ChannelSetup>();
  readonly #calls = new Map<string, CallHandler>();
  #isStarted = false;

  channel(key: string): Readonly<ChannelSetup> {
    return this.#channel(key);
  }

  callHandler(name: string): CallHandler | undefined {
    return this.#calls.get(name);
  }

  /** @throws {SetupError} as the four below: once per thing, before the start */
  setAuthorize(key: string, authorize: Authorize): void {
    const channel = this.#channel(key);
    this.#expectNew(`channel("${key}").authorize`, channel.authorize);
    channel.authorize = authorize;
  }

  setHook(key: string, event: string, hook: Hook): void {
    const { hooks } = this.#channel(key);
    this.#expectNew(`channel("${key}").on("${event}")`, hooks.get(event));
    hooks.set(event, hook);
  }

  setSnapshot(key: string, source: SnapshotSource): void {
    const channel = this.#channel(key);
    this.#expectNew(`channel("${key}").snapshot`, channel.snapshot);
    channel.snapshot = source;
  }

  setMemberBy(key: string, memberBy: MemberBy): void {
    const channel = this.#channel(key);
    this.#expectNew(`channel("${key}").memberBy`, channel.memberBy);
    channel.memberBy = memberBy;
  }

  setCallHandler(name: string, handler: CallHandler): void {
    this.#expectNew(`call("${name}")`, this.#calls.get(name));
    this.#calls.set(name, handler);
  }

  /** @throws {SetupError} `handlers-missing`, naming the calls of the contract nobody answers */
  start(calls: readonly string[]): void {
    const missing = calls.filter((name) => !this.#calls.has(name));
    if (missing.length > 0) {
      const list = missing.map((name) => `server.call("${name}", …)`).join(", ");
      throw new SetupError("handlers-missing", `the contract has calls without a handler; before listen() add ${list}`);
    }
    this.#isStarted = true;
  }

  #channel(key: string): ChannelSetup {
    const known = this.#channels.get(key);
    if (known !== undefined) return known;
    const fresh: ChannelSetup = { authorize: undefined, hooks: new Map(), snapshot: undefined, memberBy: undefined };
    this.#channels.set(key, fresh);
    return fresh;
  }

  #expectNew(what: string, present: unknown): void {
    if (this.#isStarted) throw new SetupError("already-started", `${what}: set it up before listen() or attach()`);
    if (present !== undefined) throw new SetupError("already-set", `${what}: is set already, and there is one`);
  }
}
