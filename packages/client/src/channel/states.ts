// What a subscription can be and what may follow what, as data.

/**
 * `asking`: wants to be subscribed · `receiving` · `held`: a gap handler runs, entries wait · `parked`: its handlers were
 * too slow, it is not subscribed until they settle · `rejoining`: the connection is away · `ended`: the server said no.
 */
export type ChannelState = "idle" | "asking" | "receiving" | "held" | "parked" | "rejoining" | "ended";

const asking = "asking";
const receiving = "receiving";
const held = "held";
const parked = "parked";
/** It can always begin anew, or be left. */
const any = [asking, "idle"] as const;
/** What can happen to every subscription the server knows of. */
const active = [...any, parked, "rejoining", "ended"] as const;

/** What may follow each state; to begin or to leave twice means nothing. */
export const channelTransitions: Record<ChannelState, readonly ChannelState[]> = {
  idle: any,
  asking: [...active, receiving, held],
  receiving: [...active, held],
  held: [...active, receiving],
  parked: any,
  rejoining: [...any, parked],
  ended: any,
};

export const canFollow = (next: ChannelState, state: ChannelState): boolean =>
  next !== state && channelTransitions[state].includes(next);
