// One channel as the hub sees it: the contract's definition and the application's hooks, for one set of parameters.

import { toWirePos, type Mode, type Pos } from "@heddle/protocol";
import type { ChannelDefinition } from "@heddle/protocol/contract";
import { HubError } from "@heddle/hub";
import type { Action, Actor, ChannelPolicy, Keep, Prepared, Snapshot } from "@heddle/hub/ports";
import { keyOf, modeOf } from "./conflation.ts";
import { check, serialise } from "./payload.ts";
import type { Faults } from "./refusal.ts";
import type { ActorContext, ChannelContext, ChannelSetup, SnapshotSource } from "./setup.ts";
import { stateOf } from "./snapshot.ts";
import { userOf } from "./user.ts";

export interface PolicyEnv {
  readonly faults: Faults;
  /** Whether sessions without a user may use channels that do not `authorize`. */
  readonly opensChannelsToAnonymous: boolean;
  wallMs(): number;
}

export class ContractPolicy implements ChannelPolicy {
  readonly keep: Keep;
  readonly mode: Mode;
  readonly disconnectsSlow: boolean;
  readonly everyMs: number;
  readonly recoverMax: number;
  readonly isDurable: boolean;
  readonly hasPresence: boolean;
  readonly snapshot?: NonNullable<ChannelPolicy["snapshot"]>;
  readonly #definition: ChannelDefinition;
  readonly #setup: Readonly<ChannelSetup>;
  readonly #context: ChannelContext;
  readonly #env: PolicyEnv;

  constructor(definition: ChannelDefinition, setup: Readonly<ChannelSetup>, context: ChannelContext, env: PolicyEnv) {
    const { history, slow, everyMs, events, member } = definition;
    this.keep = history;
    this.mode = modeOf(slow);
    this.disconnectsSlow = slow === "disconnect";
    this.everyMs = everyMs;
    this.recoverMax = history.entries;
    this.isDurable = Object.values(events).some(({ isVolatile }) => !isVolatile);
    this.hasPresence = member !== undefined;
    this.#definition = definition;
    this.#setup = setup;
    this.#context = context;
    this.#env = env;
    if (setup.snapshot !== undefined) this.snapshot = this.#loaderOf(setup.snapshot);
  }

  event(name: string): "durable" | "volatile" | undefined {
    if (!Object.hasOwn(this.#definition.events, name)) return undefined;
    return this.#definition.events[name]?.isVolatile ? "volatile" : "durable";
  }

  /** A channel that does not `authorize` is for everybody who is signed in. */
  authorize(action: Action, who: Actor): boolean | Promise<boolean> {
    const { authorize } = this.#setup;
    if (authorize === undefined) return who.userId !== undefined || this.#env.opensChannelsToAnonymous;
    return this.#guarded("authorize", async () => (await authorize({ ...this.#actorContext(who), action })) === true);
  }

  async prepare(event: string, value: unknown, who: Actor): Promise<Prepared> {
    const schema = this.#definition.events[event]?.schema;
    if (schema === undefined) return { is: "refused", why: `no event ${JSON.stringify(event)}` };
    return this.#guarded(`on("${event}")`, async () => {
      const checked = await check(event, schema, value);
      if (checked.is === "refused") return checked;
      const hook = this.#setup.hooks.get(event);
      const now = this.#env.wallMs();
      const changed = hook === undefined ? undefined : await hook(checked.value, { ...this.#actorContext(who), now });
      const payload = changed === undefined ? checked.value : changed;
      const key = keyOf(this.#definition, event, payload);
      return { is: "ok", json: serialise(event, payload), ...(key === undefined ? {} : { key }) };
    });
  }

  async prepareMember(value: unknown): Promise<Prepared> {
    const schema = this.#definition.member;
    if (schema === undefined) return { is: "refused", why: "the channel has no members" };
    return this.#guarded("member", async () => {
      const checked = await check("member", schema, value);
      return checked.is === "refused" ? checked : { is: "ok", json: serialise("member", checked.value) };
    });
  }

  #loaderOf(source: SnapshotSource): NonNullable<ChannelPolicy["snapshot"]> {
    const contextAt = (position: Pos) => ({ ...this.#context, position: toWirePos(position) });
    if (source.shared) {
      return { shared: true, load: (position) => this.#snapshotFrom(() => source.load(contextAt(position))) };
    }
    return {
      shared: false,
      load: (position, who) =>
        this.#snapshotFrom(() => source.load({ ...this.#actorContext(who), ...contextAt(position) })),
    };
  }

  #snapshotFrom(load: () => unknown): Promise<Snapshot> {
    return this.#guarded("snapshot", async () => stateOf(await load()));
  }

  #actorContext(who: Actor): ActorContext {
    const user = userOf(who);
    return { ...this.#context, user, claims: user.claims, connectionId: who.connectionId };
  }

  /** Runs application code; what it throws becomes an answer. */
  async #guarded<T>(what: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (thrown) {
      if (thrown instanceof HubError && thrown.code === "tooLarge") throw thrown; // `serialise`: says which and how much
      throw this.#env.faults.answerTo(thrown, `${this.#context.channel}: ${what}`);
    }
  }
}
