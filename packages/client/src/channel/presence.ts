// Who is in a channel, as its presence frames tell, and being one of them. Versions rise by one; after a jump the whole
// list is asked for. Being a member outlives connections: each new one is told again.

import type { OkFrame, PresenceDiffFrame, WireMember } from "@heddle/protocol";
import type { Listener, Off } from "../emitter.ts";
import { HeddleError } from "../errors.ts";
import type { Ask, AskOptions } from "../requests/requests.ts";

/** One session in a channel. */
export interface Member {
  /** Session id: stable over reconnects, one per client. */
  readonly x: string;
  readonly user: string | undefined;
  readonly data: unknown;
}

export interface PresenceState {
  /** By session id, while the channel is subscribed with presence. Empty above the server's listing limit. */
  readonly members: ReadonlyMap<string, Member>;
  /** How many there are, also above that limit. */
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

export interface PresenceInside {
  readonly presence: ChannelPresence;
  readonly told: (frame: PresenceDiffFrame) => void;
  /** A new connection: the server knows us as a member again when we say so within its grace. */
  readonly welcomed: () => void;
  readonly isMember: () => boolean;
  /** Nothing is told any more. */
  readonly clear: () => void;
}

/** The server lists members up to this many; above, it tells their number. */
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
): PresenceInside {
  let version = -1;
  let sayingCount = 0;
  let entered: { readonly data: unknown } | undefined;

  const set = (members: ReadonlyMap<string, Member>, count = members.size): void => {
    Object.assign(presence, { members, count });
    changed(presence);
  };

  const list = async (page?: { readonly limit?: number; readonly after?: string }): Promise<Member[]> =>
    membersOf(await ask({ t: "presence", ch, op: "list", ...page }));

  /** Says it until it is answered; a new connection gets it again by itself. */
  const say = async (how?: AskOptions): Promise<void> => {
    const entry = entered;
    sayingCount++;
    try {
      await ask({ t: "presence", ch, op: "enter", ver: number(), d: entry?.data }, how);
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
      await ask({ t: "presence", ch, op: "leave", ver: number() });
    },
    list,
    onChange,
  };

  return {
    presence,
    told({ v, full, add = [], del = [], n }) {
      if (!full && v <= version) return;
      const members = new Map(full ? [] : presence.members);
      for (const x of del) members.delete(x);
      for (const member of add) members.set(member.x, memberFrom(member));
      set(n > presenceListCount ? new Map() : members, n);
      // Changes were missed: the list says what they came to.
      if (!full && v > version + 1) {
        list({ limit: presenceListCount }).then((all) => set(new Map(all.map((member) => [member.x, member]))), failed);
      }
      version = v;
    },
    welcomed() {
      if (entered && !sayingCount) say({ timeoutMs: Infinity }).catch(failed);
    },
    isMember: () => !!entered,
    clear: () => set(new Map()),
  };
}

const memberFrom = ({ x, u, d }: WireMember): Member => ({ x, user: u, data: d });
const membersOf = ({ d }: OkFrame): Member[] => (d as { readonly list: readonly WireMember[] }).list.map(memberFrom);
