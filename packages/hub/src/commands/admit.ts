// How many requests a connection may have open.

import { wireLimits } from "@heddle/protocol";
import type { Session } from "../session/session.ts";

/** Whether another request may be opened; refuses it when not. `ack`, `ping`, `auth`, `cancel` and `reply` do not ask. */
export function hasRequestRoom(session: Session, r: number): boolean {
  const max = wireLimits.requestWindowCount;
  if (session.requests.openCount < max) return true;
  session.refuse(r, "overloaded", { why: `${max} requests are open`, ms: 100 });
  return false;
}
