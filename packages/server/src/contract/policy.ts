// One channel as the hub sees it: the contract's definition and the application's hooks, for one set of parameters.

import { toWirePos, type Mode, type Pos } from "@heddle/protocol";
import { isBytesSchema, type ChannelDefinition } from "@heddle/protocol/contract";
import { HubError } from "@heddle/hub";
import type {
  Action,
  Actor,
  ChannelPolicy,
  Keep,
  Prepared,
  PreparedMember,
  Snapshot,
  Stoppable,
} from "@heddle/hub/ports";
import { keyOf, modeOf } from "./conflation.ts";
import { check, contentOf, serialise } from "./payload.ts";
import type { Faults } from "./refusal.ts";
import type { ActorContext, ChannelContext, ChannelSetup, MemberBy, SnapshotSource } from "./setup.ts";
import { stateOf } from "./snapshot.ts";
import { userOf } from "./user.ts";
import { withSignal } from "./with-signal.ts";

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
  readonly flushMs: number;
  readonly recoverMax: number;
  readonly isDurable: boolean;
  readonly hasPresence: boolean;
  readonly snapshot?: NonNullable<ChannelPolicy["snapshot"]>;
  readonly memberKey?: (who: Actor) => string;
  readonly #definition: ChannelDefinition;
  readonly #setup: Readonly<ChannelSetup>;
  readonly #context: ChannelContext;
  readonly #env: PolicyEnv;

  constructor(definition: ChannelDefinition, setup: Readonly<ChannelSetup>, context: ChannelContext, env: PolicyEnv) {
    const { history, slow, everyMs, flushMs, events, member } = definition;
    this.keep = history;
    this.mode = modeOf(slow);
    this.disconnectsSlow = slow === "disconnect";
    this.everyMs = everyMs;
    this.flushMs = flushMs;
    this.recoverMax = history.entries;
    this.isDurable = Object.values(events).some(({ isVolatile }) => !isVolatile);
    this.hasPresence = member !== undefined;
    this.#definition = definition;
    this.#setup = setup;
    this.#context = context;
    this.#env = env;
    const { memberBy = "session" } = setup;
    if (memberBy !== "session") this.memberKey = (who) => this.#memberKeyOf(memberBy, who);
    if (setup.snapshot !== undefined) this.snapshot = this.#loaderOf(setup.snapshot);
  }

  event(name: string): "durable" | "volatile" | undefined {
    if (!Object.hasOwn(this.#definition.events, name)) return undefined;
    return this.#definition.events[name]?.isVolatile ? "volatile" : "durable";
  }

  /** A channel that does not `authorize` is for everybody who is signed in. */
  authorize(action: Action, who: Actor, stop: Stoppable): boolean | Promise<boolean> {
    const { authorize } = this.#setup;
    if (authorize === undefined) return who.userId !== undefined || this.#env.opensChannelsToAnonymous;
    const about = withSignal({ ...this.#actorContext(who), action }, stop);
    return this.#guarded("authorize", async () => (await authorize(about)) === true);
  }

  async prepare(event: string, value: unknown, who: Actor, stop: Stoppable): Promise<Prepared> {
    const schema = this.#definition.events[event]?.schema;
    if (schema === undefined) return { is: "refused", why: `no event ${JSON.stringify(event)}` };
    if (value instanceof Uint8Array !== isBytesSchema(schema)) {
      const message = isBytesSchema(schema) ? "bytes wanted" : "bytes given, a value wanted";
      return { is: "refused", why: `${event}: ${message}`, issues: [{ path: [], message }] };
    }
    return this.#guarded(`on("${event}")`, async () => {
      const checked = await check(event, schema, value);
      if (checked.is === "refused") return checked;
      const hook = this.#setup.hooks.get(event);
      const now = this.#env.wallMs();
      const changed =
        hook === undefined
          ? undefined
          : await hook(checked.value, withSignal({ ...this.#actorContext(who), now }, stop));
      const payload = changed === undefined ? checked.value : changed;
      const key = keyOf(this.#definition, event, payload);
      return { is: "ok", ...contentOf(event, schema, payload), ...(key === undefined ? {} : { key }) };
    });
  }

  async prepareMember(value: unknown): Promise<PreparedMember> {
    const schema = this.#definition.member;
    if (schema === undefined) return { is: "refused", why: "the channel has no members" };
    return this.#guarded("member", async () => {
      const checked = await check("member", schema, value);
      return checked.is === "refused" ? checked : { is: "ok", json: serialise("member", checked.value) };
    });
  }

  #memberKeyOf(memberBy: Exclude<MemberBy, "session">, who: Actor): string {
    const context = this.#actorContext(who);
    if (memberBy === "user") return context.user.id;
    try {
      return memberBy(context);
    } catch (thrown) {
      throw this.#env.faults.answerTo(thrown, `${this.#context.channel}: memberBy`);
    }
  }

  #loaderOf(source: SnapshotSource): NonNullable<ChannelPolicy["snapshot"]> {
    const loaded = (load: () => unknown): Promise<Snapshot> =>
      this.#guarded("snapshot", async () => stateOf(await load()));
    const at = <C extends ChannelContext>(context: C, position: Pos, stop: Stoppable) =>
      withSignal({ ...context, position: toWirePos(position) }, stop);
    if (source.shared)
      return { shared: true, load: (position, stop) => loaded(() => source.load(at(this.#context, position, stop))) };
    return {
      shared: false,
      load: (position, who, stop) => loaded(() => source.load(at(this.#actorContext(who), position, stop))),
    };
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
