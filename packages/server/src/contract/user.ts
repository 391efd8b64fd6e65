// The person or program behind a session, as handlers see it.

import type { Actor } from "@heddle/hub/ports";

export interface User {
  /** User id; for an anonymous session one that stays the same over its reconnects and begins with `~`. */
  readonly id: string;
  readonly isAnonymous: boolean;
  /** What the token says besides. */
  readonly claims: Readonly<Record<string, unknown>>;
}

export const userOf = ({ userId, claims, x }: Actor): User => ({
  id: userId ?? `~${x}`,
  isAnonymous: userId === undefined,
  claims,
});
