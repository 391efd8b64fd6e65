// How far the application has handled each channel, kept for the next run. Written a moment later and together: a reload
// within that moment hands what was handled in it once more, never skips it.

import type { Clock } from "@heddle/base";
import type { Stand } from "../ports.ts";
import { newAlarm } from "../timers.ts";
import { standChange } from "./records.ts";
import type { Write } from "./store.ts";

export type Positions = readonly [
  of: (channel: string) => Stand | undefined,
  handled: (channel: string, stand: Stand) => void,
  /** They were somebody else's. */
  clear: () => void,
  /** Writes what is new, if anything is. */
  flush: () => void,
];

export function newPositions(
  clock: Clock,
  write: Write,
  kept: ReadonlyMap<string, Stand>,
  { positionCount, positionDelayMs }: { readonly positionCount: number; readonly positionDelayMs: number },
): Positions {
  /** The longest unchanged first. */
  const stands = new Map(kept);
  const changed = new Set<string>();
  const alarm = newAlarm(clock);

  const flush = (): void => {
    alarm();
    if (changed.size === 0) return;
    void write([...changed].map((channel) => standChange(channel, stands.get(channel))));
    changed.clear();
  };
  const touch = (channel: string): void => {
    if (changed.size === 0) alarm(positionDelayMs, flush);
    changed.add(channel);
  };

  return [
    (channel) => stands.get(channel),
    (channel, stand) => {
      if (String(stands.get(channel)) === String(stand)) return;
      stands.delete(channel);
      stands.set(channel, stand);
      touch(channel);
      if (stands.size <= positionCount) return;
      const [oldest] = stands.keys();
      stands.delete(oldest as string);
      touch(oldest as string);
    },
    () => {
      for (const channel of stands.keys()) touch(channel);
      stands.clear();
    },
    flush,
  ];
}
