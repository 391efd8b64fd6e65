// What a subscription can be and what leads where, as data.

/**
 * `asking`: wants to be subscribed · `held`: a gap handler runs, entries wait · `parked`: its handlers were too slow, it is
 * not subscribed until they settle · `rejoining`: the connection is away · `ended`: the server said no.
 */
export type ChannelState = "idle" | "asking" | "receiving" | "held" | "parked" | "rejoining" | "ended";

/**
 * `ask`: a first handler, a repeated attempt, or a stream that must begin anew · `subscribed` · `gapped` · `settled`: the
 * gap handler is done · `overflow`: the hold buffer is full · `lost`: the connection ended · `refused`: by the server, for
 * good · `leave`: the last handler is gone.
 */
export type ChannelTrigger = "ask" | "subscribed" | "gapped" | "settled" | "overflow" | "lost" | "refused" | "leave";

const ask = "asking";
const leave = "idle";
const overflow = "parked";
/** What can happen to every subscription the server knows of. */
const active = { lost: "rejoining", overflow, refused: "ended", leave } as const;

/** Absent: the trigger means nothing in that state. */
export const channelTransitions: Record<ChannelState, Partial<Record<ChannelTrigger, ChannelState>>> = {
  idle: { ask },
  asking: { ...active, subscribed: "receiving" },
  receiving: { ...active, ask, gapped: "held" },
  held: { ...active, ask, settled: "receiving" },
  parked: { ask, leave },
  rejoining: { ask, overflow, leave },
  ended: { ask, leave },
};
