// What a client counts about itself.

/** Counts since the client was made. */
export interface ClientStats {
  /** Connections that were welcomed. */
  readonly connects: number;
  /** Subscriptions that went on exactly where they were. */
  readonly resumes: number;
  /** Gaps told to the application. */
  readonly gaps: number;
  readonly framesIn: number;
  readonly framesOut: number;
  /** UTF-16 units. */
  readonly unitsIn: number;
  readonly unitsOut: number;
  /** Messages dropped because their content id had been delivered. */
  readonly duplicates: number;
  /** Entries the server skipped for us (conflated). */
  readonly skips: number;
  /** Frames of a subscription that was no longer ours, counted for flow control and discarded. */
  readonly discarded: number;
  /** Frames that did not follow what came before them: a bug of the server's. */
  readonly chainBreaks: number;
  /** Subscriptions stopped because their handlers were too slow. */
  readonly parks: number;
  /** Publishes waiting or unanswered now. */
  readonly outboxCount: number;
  /** Latest round trip, milliseconds; undefined before the first. */
  readonly rttMs: number | undefined;
}

type Counted = Omit<ClientStats, "outboxCount">;
export type Counters = { -readonly [Key in keyof Counted]: Counted[Key] };

export const newCounters = (): Counters => ({
  connects: 0,
  resumes: 0,
  gaps: 0,
  framesIn: 0,
  framesOut: 0,
  unitsIn: 0,
  unitsOut: 0,
  duplicates: 0,
  skips: 0,
  discarded: 0,
  chainBreaks: 0,
  parks: 0,
  rttMs: undefined,
});
