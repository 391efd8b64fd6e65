// What the whole machine did: so that no work hides in another process.

import { readFileSync } from "node:fs";

/** Busy and total ticks of all cores since start, or undefined where the system does not tell. */
export function machineTicks() {
  try {
    const [, ...fields] = readFileSync("/proc/stat", "utf8").split("\n")[0].trim().split(/\s+/);
    const ticks = fields.slice(0, 8).map(Number);
    const total = ticks.reduce((sum, tick) => sum + tick, 0);
    return { total, busy: total - ticks[3] - ticks[4] };
  } catch {
    return undefined;
  }
}

/** Share of the machine that was busy between two readings, 0…1. */
export function busyShare(before, after) {
  if (before === undefined || after === undefined || after.total === before.total) return undefined;
  return (after.busy - before.busy) / (after.total - before.total);
}
