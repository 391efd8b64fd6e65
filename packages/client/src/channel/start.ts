// Where a subscription begins, and whether two positions are one.

import type { Start, WirePos } from "@heddle/protocol";
import type { SubscribeOptions } from "./channel-api.ts";

export function startOf(received: WirePos | undefined, { at = "live" }: SubscribeOptions): Start {
  if (received) return ["pos", ...received];
  if (typeof at === "string") return at === "snap" ? at : "live";
  return "last" in at ? ["last", at.last] : ["pos", ...at.position];
}

export const isSame = (a: WirePos | undefined, b: WirePos): boolean => String(a) === String(b);
