// How a node empties: its clients are told to move a part at a time, so that the nodes they go to see a rate and no wave.
// Whether newcomers are taken is the hub's.

import { expectInteger, expectRange, type Clock, type Random } from "@heddle/base";
import { controlFrame } from "./channel/frames.ts";
import type { Session } from "./session/session.ts";

export interface DrainOptions {
  /**
   * Connections told to move in a second, and the rate at which those who are ended come back. 1…1_000_000, default: so
   * many that all are told `leaveMs` before the deadline, at least 50.
   */
  readonly perSecond?: number;
  /**
   * How long a client has to open its next connection before this one is ended. Milliseconds, 0…60_000, default 5_000;
   * 0 ends connections without asking.
   */
  readonly leaveMs?: number;
  /** When whoever is still here is ended. Milliseconds, 0…3_600_000, default 25_000. */
  readonly deadlineMs?: number;
}

export const drainDefaults = { perSecondMin: 50, leaveMs: 5_000, deadlineMs: 25_000 } as const;

export interface DrainEnv {
  readonly clock: Clock;
  readonly random: Random;
  /** Who is here now. */
  sessions(): readonly Session[];
}

const stepMs = 100;
/** Whoever is ended comes back at a moment of its own within this. */
const windowMs = 1_000;

/**
 * Moves everybody out. Resolves when nobody is here any more: at the deadline at the latest.
 *
 * @throws {OptionError}
 */
export function drain(env: DrainEnv, options: DrainOptions = {}): Promise<void> {
  const { leaveMs, deadlineMs, perSecond } = resolveDrain(options, env.sessions().length);
  const { clock, random } = env;
  const startMs = clock.monotonicMs();
  const told = new Set<Session>();
  /** Told, with when they are ended; the earliest first. */
  const leaving: { readonly session: Session; readonly atMs: number }[] = [];
  let waiting: Session[] = [];

  const tellNext = (nowMs: number): void => {
    // A greeting that was under way when this began may have ended well since.
    if (waiting.length === 0)
      waiting = env
        .sessions()
        .filter((session) => !told.has(session))
        .reverse();
    const dueCount = Math.ceil(((nowMs - startMs + stepMs) * perSecond) / 1_000);
    while (told.size < dueCount) {
      const session = waiting.pop();
      if (session === undefined) return;
      told.add(session);
      if (!session.isOpen) continue;
      const { outgoing } = session;
      if (leaveMs > 0) outgoing.send(controlFrame(outgoing.codec, { t: "move", ms: leaveMs }));
      leaving.push({ session, atMs: nowMs + leaveMs });
    }
  };
  const endLate = (nowMs: number): void => {
    while ((leaving[0]?.atMs ?? Infinity) <= nowMs) leave(leaving.shift()?.session, random.float() * windowMs);
  };
  const endAll = (): void => {
    const slotMs = 1_000 / perSecond;
    for (const [index, session] of env.sessions().entries()) leave(session, (index + random.float()) * slotMs);
  };

  return new Promise((resolve) => {
    const step = (): void => {
      const nowMs = clock.monotonicMs();
      if (nowMs - startMs >= deadlineMs) endAll();
      else {
        tellNext(nowMs);
        endLate(nowMs);
      }
      if (env.sessions().length === 0) clock.turnEnd(resolve);
      else clock.after(Math.min(stepMs, Math.max(0, startMs + deadlineMs - nowMs)), step);
    };
    step();
  });
}

/** @param afterMs  when the client may come back */
const leave = (session: Session | undefined, afterMs: number): void =>
  session?.bye("draining", "this node is going away", { after: Math.round(afterMs) });

/** @throws {OptionError} */
function resolveDrain(
  { perSecond, leaveMs = drainDefaults.leaveMs, deadlineMs = drainDefaults.deadlineMs }: DrainOptions,
  count: number,
): Required<DrainOptions> {
  expectRange("drain.deadlineMs", deadlineMs, 0, 3_600_000);
  expectRange("drain.leaveMs", leaveMs, 0, 60_000);
  if (perSecond !== undefined) expectInteger("drain.perSecond", perSecond, 1, 1_000_000);
  const tellingS = Math.max(1, deadlineMs - leaveMs) / 1_000;
  return { leaveMs, deadlineMs, perSecond: perSecond ?? Math.max(drainDefaults.perSecondMin, count / tellingS) };
}
