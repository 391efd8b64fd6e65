// Rights that stand in the token: which actions on which channels. For issuers that decide, so that the server need not ask.

/** What of the context of `authorize` is looked at. */
export interface PermissionQuestion {
  readonly claims: Readonly<Record<string, unknown>>;
  /** The channel's name on the wire: `room/42`. */
  readonly channel: string;
  /** `subscribe`, `history`, `publish`, `presence` or `presence.enter`. */
  readonly action: string;
}

/** Rights of a token that are looked at; what follows counts for nothing. */
export const permissionsMax = 256;

/**
 * For `.authorize(…)`: allows what the token's claim lists. A right is `action:channel`, as in `publish:room/42`;
 * `*` as action is every action, and a channel that ends in `*` every channel that begins so: `*:room/*`. The claim is a
 * list of rights, or a text with spaces between them, like OAuth's `scope`. Without the claim nothing is allowed.
 *
 * @param claim  default `permissions`
 */
export function permittedBy(claim = "permissions"): (question: PermissionQuestion) => boolean {
  return ({ claims, channel, action }) => {
    const given = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
    const rights: unknown = typeof given === "string" ? given.split(" ", permissionsMax) : given;
    if (!Array.isArray(rights)) return false;
    return rights.slice(0, permissionsMax).some((right: unknown) => allows(right, action, channel));
  };
}

function allows(right: unknown, action: string, channel: string): boolean {
  if (typeof right !== "string") return false;
  const at = right.indexOf(":");
  const [verb, pattern] = [right.slice(0, Math.max(at, 0)), right.slice(at + 1)];
  if (verb !== "*" && verb !== action) return false;
  return pattern.endsWith("*") ? channel.startsWith(pattern.slice(0, -1)) : pattern === channel;
}
