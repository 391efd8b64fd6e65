// How far each channel has been received, in rows for people: a hundred quotes are one row.

import type { ChannelStatus } from "@heddle/client";
import type { WirePos } from "@heddle/protocol";

/** What of a channel is shown; every channel of the client fits. */
export interface Followed {
  readonly name: string;
  readonly status: ChannelStatus;
  readonly received: WirePos | undefined;
}

export interface PositionRow {
  readonly name: string;
  readonly state: string;
  readonly where: string;
}

/** Channels of one key beyond this many share a row. */
const apartMax = 12;

export function positionRows(followed: readonly Followed[]): readonly PositionRow[] {
  const groups = new Map<string, Followed[]>();
  for (const channel of followed) {
    const [key = channel.name] = channel.name.split("/");
    groups.set(key, [...(groups.get(key) ?? []), channel]);
  }
  return [...groups].flatMap(([key, group]) => (group.length > apartMax ? [together(key, group)] : group.map(alone)));
}

function alone({ name, status, received }: Followed): PositionRow {
  return {
    name,
    state: status.state,
    where: received === undefined ? "–" : `${received[0].slice(0, 6)} · ${received[1].toLocaleString("en")}`,
  };
}

function together(key: string, group: readonly Followed[]): PositionRow {
  const receiving = group.filter(({ status }) => status.state === "receiving").length;
  const sum = group.reduce((total, { received }) => total + (received?.[1] ?? 0), 0);
  return { name: `${key}/*`, state: `${receiving} of ${group.length}`, where: `Σ ${sum.toLocaleString("en")}` };
}
