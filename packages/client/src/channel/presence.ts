// Who is in a channel, as its presence frames tell, and being one of them. Versions rise by one; after a jump the whole
// list is asked for. Being a member outlives connections: each new one is told again.

import type { OkFrame, PresenceDiffFrame, WireMember } from "@heddle/protocol";
import type { Listener, Off } from "../emitter.ts";
import { HeddleError } from "../errors.ts";
import type { Ask, AskOptions } from "../requests/requests.ts";

/** One session in a channel, or all sessions that the server counts as one member. */
export interface Member {
  /** Session id: stable over reconnects, one per client. Where sessions are counted together, what they are counted by. */
  readonly x: string;
  readonly user: string | undefined;
  readonly data: unknown;
}

export interface PresenceState {
  /** By session id, while the channel is subscribed with presence. Above the server's listing limit only some of them. */
  readonly members: ReadonlyMap<string, Member>;
  /** How many there are: more than `members` where these are only some. */
  readonly count: number;
}

export interface ChannelPresence extends PresenceState {
  /** Becomes a member, and stays one over reconnects until `leave`. @throws {HeddleError} refused */
  enter(data?: unknown): Promise<void>;
  /** Changes the data of this member. */
  update(data?: unknown): Promise<void>;
  leave(): Promise<void>;
  /** Asks once; no subscription is needed. `after`: the last session id of the page before. */
  list(page?: { readonly limit?: number; readonly after?: string }): Promise<readonly Member[]>;
  /** Calls `listener` with every change. Subscribes, with presence. */
  onChange(listener: Listener<PresenceState>): Off;
}

export type PresenceParts = readonly [
  presence: ChannelPresence,
  told: (frame: PresenceDiffFrame) => void,
  /** A new connection: the server knows us as a member again when we say so within its grace. */
  welcomed: () => void,
  isMember: () => boolean,
  /** Nothing is told any more. */
  clear: () => void,
];

/** Most members of one answer: all, where the server tells changes at all. */
export const presenceListCount = 1_000;

/**
 * @param number    gives a number that rises with every call
 * @param onChange  subscribes the channel with presence while the listener is there
 * @param changed   tells the listeners
 */
export function newPresence(
  ch: string,
  ask: Ask,
  number: () => number,
  failed: (error: unknown) => void,
  onChange: ChannelPresence["onChange"],
  changed: (state: PresenceState) => void,
): PresenceParts {
  let version = -1;
  let sayingCount = 0;
  let entered: { readonly data: unknown } | undefined;

  const set = (members: ReadonlyMap<string, Member>, count: number): void => {
    Object.assign(presence, { members, count });
    changed(presence);
  };

  const tell = (op: string, more?: object, how?: AskOptions): Promise<OkFrame> =>
    ask({ t: "presence", ch, op, ...more }, how);

  const list = async (page?: object, how?: AskOptions): Promise<readonly [entries: MemberEntry[], count: number]> => {
    const { list, n } = (await tell("list", page, how)).d as {
      readonly list: readonly WireMember[];
      readonly n: number;
    };
    return [list.map(entryOf), n];
  };
  /** What nobody waits for is asked until it is answered. A refusal is told; that the client was closed is known. */
  const untilAnswered: AskOptions = { timeoutMs: Infinity };
  const failedAlone = (error: unknown): void => {
    if (error instanceof HeddleError) failed(error);
  };

  /** Says it until it is answered; a new connection gets it again by itself. */
  const say = async (how?: AskOptions): Promise<void> => {
    const entry = entered;
    sayingCount++;
    try {
      await tell("enter", { ver: number(), d: entry?.data }, how);
    } catch (error) {
      // Refused is refused. Without an answer we may be a member already, and the next connection is told again.
      if (entered === entry && error instanceof HeddleError) entered = undefined;
      throw error;
    } finally {
      sayingCount--;
    }
  };
  const enter = (data?: unknown): Promise<void> => {
    entered = { data };
    return say();
  };

  const presence: ChannelPresence = {
    members: new Map(),
    count: 0,
    enter,
    update: enter,
    async leave() {
      entered = undefined;
      await tell("leave", { ver: number() });
    },
    list: async (page) => (await list(page))[0].map(([, member]) => member),
    onChange,
  };

  return [
    presence,
    ({ v, full, add = [], del = [], n }) => {
      if (!full && v <= version) return;
      const kept = new Map(full ? [] : presence.members);
      for (const x of del) kept.delete(x);
      set(new Map([...kept, ...add.map(entryOf)]), n);
      // Changes were missed: the list says what they came to.
      if (!full && v > version + 1) {
        list({ limit: presenceListCount }, untilAnswered).then(([all, count]) => set(new Map(all), count), failedAlone);
      }
      version = v;
    },
    () => {
      if (entered && !sayingCount) say(untilAnswered).catch(failedAlone);
    },
    () => !!entered,
    () => set(new Map(), 0),
  ];
}

type MemberEntry = [x: string, member: Member];
const entryOf = ({ x, u, d }: WireMember): MemberEntry => [x, { x, user: u, data: d }];
