// What a connection can be and what may follow what, as data.

/**
 * `connecting`: until the transport is open · `greeting`: until `welcome` · `waiting`: for the next attempt · `closed`: by a
 * terminal close code, a second refused token, or the application.
 */
export type ConnectionState = "idle" | "connecting" | "greeting" | "online" | "waiting" | "closed";

const closed = "closed";
const connecting = [closed, "connecting"] as const;
const lost = [closed, "waiting"] as const;

export const connectionTransitions: Record<ConnectionState, readonly ConnectionState[]> = {
  idle: connecting,
  connecting: [...lost, "greeting"],
  greeting: [...lost, "online"],
  online: lost,
  waiting: connecting,
  closed: [],
};
