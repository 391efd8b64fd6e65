// What a connection can be and what leads where, as data.

export type ConnectionState = "idle" | "connecting" | "greeting" | "online" | "waiting" | "closed";

/**
 * `connect`: first use · `opened`: the transport is open · `welcomed` · `lost`: closed, silent, or the attempt failed ·
 * `retry`: the wait is over · `end`: terminal close code, second refused token, or the application's own close.
 */
export type ConnectionTrigger = "connect" | "opened" | "welcomed" | "lost" | "retry" | "end";

const end = "closed";
const linked = { lost: "waiting", end } as const;

/** Absent: the trigger means nothing in that state. */
export const connectionTransitions: Record<ConnectionState, Partial<Record<ConnectionTrigger, ConnectionState>>> = {
  idle: { connect: "connecting", end },
  connecting: { ...linked, opened: "greeting" },
  greeting: { ...linked, welcomed: "online" },
  online: linked,
  waiting: { retry: "connecting", end },
  closed: {},
};
