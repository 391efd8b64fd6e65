// The application of a simulated server: one channel for each kind of policy, hooks that take their time, calls, snapshots.

import type { Clock } from "@heddle/base";
import type { SeededRandom } from "@heddle/base/fakes";
import type { Mode } from "@heddle/protocol";
import type {
  Action,
  Actor,
  Application,
  Authenticator,
  CallOutcome,
  ChannelPolicy,
  Operation,
  Prepared,
} from "@heddle/hub/ports";

/** What all messages of the workload carry; the server's hook adds the time. */
export interface SimPayload {
  /** Names the payload. */
  readonly h: string;
  readonly pad?: string;
  /** What it is about, on channels that keep the newest of each. */
  readonly k?: string;
  /** The hook refuses it. */
  readonly isBad?: boolean;
}

interface Kind {
  readonly entries: number;
  readonly recoverMax: number;
  /** Default `resume`. */
  readonly mode?: Mode;
  readonly everyMs?: number;
  /** In worlds that hold back. */
  readonly flushMs?: number;
  readonly forbids?: readonly Action[];
  readonly snapshot?: "shared" | "per-user";
}

/** Of the publishes a slow hook sees, these are refused for no reason of theirs. */
const fickleShare = 0.03;

const everything: readonly Action[] = ["subscribe", "history", "publish", "presence", "presence.enter"];

/** By the part of a channel's name before its slash. */
export const channelKinds: Readonly<Record<string, Kind>> = {
  big: { entries: 5_000, recoverMax: 5_000, flushMs: 20, snapshot: "shared" },
  small: { entries: 12, recoverMax: 12, flushMs: 50 },
  capped: { entries: 5_000, recoverMax: 15, flushMs: 5 },
  quote: { entries: 10, recoverMax: 10, mode: "latest", everyMs: 40 },
  board: { entries: 60, recoverMax: 60, mode: "key", everyMs: 40 },
  pulse: { entries: 5_000, recoverMax: 5_000, mode: "volatile" },
  guarded: { entries: 5_000, recoverMax: 5_000 },
  blind: { entries: 5_000, recoverMax: 5_000, forbids: ["history"] },
  mine: { entries: 5_000, recoverMax: 5_000, snapshot: "per-user" },
  hall: { entries: 10, recoverMax: 10 },
  closed: { entries: 100, recoverMax: 100, forbids: everything },
};

export const channelNames = [
  "big/1",
  "big/2",
  "small/1",
  "capped/1",
  "quote/1",
  "board/1",
  "pulse/1",
  "guarded/1",
  "blind/1",
  "mine/1",
  "closed/1",
] as const;

/** What servers ask users, and tell everybody. */
export const askName = "who";
export const noticeName = "news";

export const kindOf = (channel: string): Kind | undefined => channelKinds[channel.split("/")[0] ?? ""];

/** Follows and publishes there while a client's token allows it. */
export const guardedChannel = "guarded/1";

/** Its snapshots are each user's own. */
export const ownStateChannel = "mine/1";

export const isForbidden = (channel: string, action: Action): boolean =>
  kindOf(channel)?.forbids?.includes(action) ?? false;

export interface SimApplicationEnv {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly hasSlowHooks: boolean;
  readonly hasNotices: boolean;
  readonly flushes: boolean;
  /** A handler of an idempotent call runs. */
  executed(key: string): void;
}

export class SimApplication implements Application {
  readonly hasNotices: boolean;
  readonly #env: SimApplicationEnv;
  readonly #policies = new Map<string, ChannelPolicy>();

  constructor(env: SimApplicationEnv) {
    this.#env = env;
    this.hasNotices = env.hasNotices;
  }

  channel(name: string): ChannelPolicy | undefined {
    const kind = kindOf(name);
    if (kind === undefined) return undefined;
    let policy = this.#policies.get(name);
    if (policy === undefined) this.#policies.set(name, (policy = this.#policyOf(name, kind)));
    return policy;
  }

  operation(name: string): Operation | undefined {
    if (name === "count") return { isIdempotent: false, isStream: true, run: (to) => this.#count(to as number) };
    if (name !== "add" && name !== "charge") return undefined;
    return {
      isIdempotent: name === "charge",
      run: async (value, { idempotencyKey }) => {
        if (idempotencyKey !== undefined) this.#env.executed(idempotencyKey);
        await this.#pause(0.5, 200);
        return { is: "ok", json: JSON.stringify({ got: value }) };
      },
    };
  }

  /** The numbers from 1, each in a text of its own length. */
  async #count(to: number): Promise<CallOutcome> {
    const pause = (): Promise<void> => this.#pause(0.1, 50);
    async function* values(): AsyncGenerator<string> {
      for (let n = 1; n <= to; n++) {
        await pause();
        yield JSON.stringify({ n, pad: "x".repeat((n * 97) % 1_000) });
      }
    }
    return { is: "stream", values: values() };
  }

  #policyOf(name: string, kind: Kind): ChannelPolicy {
    const policy: ChannelPolicy = {
      keep: { entries: kind.entries, ageMs: 86_400_000 },
      mode: kind.mode ?? "resume",
      everyMs: kind.everyMs ?? 0,
      flushMs: this.#env.flushes ? (kind.flushMs ?? 0) : 0,
      recoverMax: kind.recoverMax,
      isDurable: true,
      hasPresence: true,
      event: (event) => (event === "typing" ? "volatile" : event === "message" ? "durable" : undefined),
      authorize: async (action, { claims }) => {
        const isAllowed = !isForbidden(name, action) && (name !== guardedChannel || claims["guarded"] === true);
        await this.#pause(0.2, 40);
        return isAllowed;
      },
      prepare: (_event, value) => this.#prepare(value as SimPayload),
      prepareMember: (value) => ({ is: "ok", json: JSON.stringify(value) }),
    };
    if (kind.snapshot === "shared") {
      return { ...policy, snapshot: { shared: true, load: () => this.#state("") } };
    }
    if (kind.snapshot === "per-user") {
      return { ...policy, snapshot: { shared: false, load: (_position, who: Actor) => this.#state(who.userId ?? "") } };
    }
    return policy;
  }

  async #prepare(value: SimPayload): Promise<Prepared> {
    await this.#pause(0.3, 30);
    // What it takes today it may refuse tomorrow, a repetition of it too.
    const { random, hasSlowHooks } = this.#env;
    if (hasSlowHooks && random.chance(fickleShare)) return { is: "refused", why: "not now", issues: [] };
    if (value.isBad) return { is: "refused", why: "bad", issues: [{ path: ["isBad"], message: "must not be" }] };
    const json = JSON.stringify({ ...value, at: this.#env.clock.monotonicMs() });
    return { is: "ok", json, ...(value.k === undefined ? {} : { key: value.k }) };
  }

  async #state(user: string): Promise<{ json: string }> {
    await this.#pause(0.8, 60);
    return { json: JSON.stringify({ user }) };
  }

  async #pause(share: number, mostMs: number): Promise<void> {
    const { clock, random, hasSlowHooks } = this.#env;
    if (!hasSlowHooks || !random.chance(share)) return;
    await new Promise<void>((resolve) => void clock.after(random.float() * mostMs, resolve));
  }
}

/** Tokens are `user expiry issue`, both times on the wall clock in milliseconds; behind them `guarded` where that is allowed. */
export function simAuthenticator(clock: Clock): Authenticator {
  return {
    authenticate: async (token = "") => {
      const [userId = "", expiry, issue, right] = token.split(" ");
      const expiresAtMs = Number(expiry);
      if (userId === "" || Number.isNaN(expiresAtMs)) return { is: "refused", why: "invalid" };
      if (expiresAtMs <= clock.wallMs()) return { is: "refused", why: "expired" };
      const claims = { iat: Number(issue) / 1_000, guarded: right === "guarded" };
      return { is: "accepted", identity: { userId, claims, expiresAtMs } };
    },
  };
}
