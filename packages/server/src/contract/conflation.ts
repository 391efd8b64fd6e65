// What a channel's slow policy means to the hub: the mode its subscriptions may have, and the key of an event.

import { OptionError } from "@heddle/base";
import { isNameWithin, wireLimits, type Mode } from "@heddle/protocol";
import type { ChannelDefinition, KeyedEvent, SlowPolicy } from "@heddle/protocol/contract";

export function modeOf(slow: SlowPolicy): Mode {
  if (typeof slow === "object") return "key";
  return slow === "disconnect" ? "resume" : slow;
}

/**
 * The key that a channel with `latestBy` gives an event as it will be stored; undefined for other channels.
 *
 * @throws {OptionError} when the application's function gives none that fits
 */
export function keyOf({ slow, events }: ChannelDefinition, event: string, payload: unknown): string | undefined {
  if (typeof slow !== "object" || events[event]?.isVolatile) return undefined;
  // The definition's types say that it takes what this channel's schemas make.
  const key: unknown = (slow.latestBy as (event: KeyedEvent) => string)({ event, payload });
  if (typeof key !== "string" || !isNameWithin(key, wireLimits.keyBytes))
    throw new OptionError(`latestBy of ${event}`, key, `1 to ${wireLimits.keyBytes} bytes of text`);
  return key;
}
