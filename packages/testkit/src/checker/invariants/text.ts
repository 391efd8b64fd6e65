// How findings name positions.

import type { Pos } from "@heddle/protocol";

export const posText = (pos: Pos): string => `[${pos.epoch},${pos.offset},${pos.tag}]`;

/** Key of a position within a channel. */
export const posKey = (channel: string, pos: Pos): string => `${channel} ${posText(pos)}`;
