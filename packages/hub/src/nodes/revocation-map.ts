// The revocations a node knows: a union that only age takes from. Answers whether a session may be served.

import { claimKey, keyOf, type Covered, type Revocation } from "./revocation.ts";

interface Kept {
  readonly revocation: Revocation;
  /** When every token it can cover has expired. Wall clock, ms. */
  readonly goneMs: number;
}

export class RevocationMap {
  readonly #keepMs: number;
  readonly #wallMs: () => number;
  /** The strictest of each target. */
  readonly #byKey = new Map<string, Kept>();
  /** Until when each one counts, the oldest first. */
  readonly #goneMs = new Map<string, number>();
  /** Claims that revocations name: the others of a token need no look. */
  readonly #claims = new Map<string, number>();

  /** @param keepMs  how long a revocation counts from when it was stored */
  constructor(keepMs: number, wallMs: () => number) {
    this.#keepMs = keepMs;
    this.#wallMs = wallMs;
  }

  /** How many there are in the log, also those that say what others say. */
  get count(): number {
    this.#purge();
    return this.#goneMs.size;
  }

  all(): readonly Revocation[] {
    this.#purge();
    return [...this.#byKey.values()].map(({ revocation }) => revocation);
  }

  /** @returns whether it covers anything that was not covered */
  add(revocation: Revocation, storedMs: number): boolean {
    this.#purge();
    const goneMs = storedMs + this.#keepMs;
    if (goneMs <= this.#wallMs() || this.#goneMs.has(revocation.id)) return false;
    this.#goneMs.set(revocation.id, goneMs);
    const key = keyOf(revocation.target);
    const known = this.#byKey.get(key);
    if (known !== undefined && known.revocation.untilMs >= revocation.untilMs) {
      this.#byKey.set(key, { revocation: known.revocation, goneMs });
      return false;
    }
    this.#remove(key);
    this.#byKey.set(key, { revocation, goneMs });
    const { target } = revocation;
    if ("claim" in target) this.#claims.set(target.claim.name, (this.#claims.get(target.claim.name) ?? 0) + 1);
    return true;
  }

  /** The revocation that covers this session, if any. A token that does not say when it was issued counts as old. */
  covering({ userId, claims }: Covered, connectionId: string): Revocation | undefined {
    if (this.#byKey.size === 0) return undefined;
    const { iat, jti } = claims;
    const issuedMs = typeof iat === "number" ? iat * 1_000 : -Infinity;
    const older = (key: string): Revocation | undefined => {
      const revocation = this.#get(key);
      return revocation !== undefined && issuedMs <= revocation.untilMs ? revocation : undefined;
    };
    return (
      (userId === undefined ? undefined : older(keyOf({ user: userId }))) ??
      this.#get(keyOf({ connection: connectionId })) ??
      (typeof jti === "string" ? this.#get(keyOf({ token: jti })) : undefined) ??
      [...this.#claims.keys()].map((name) => older(claimKey(name, claims[name]))).find((found) => found !== undefined)
    );
  }

  #get(key: string): Revocation | undefined {
    const kept = this.#byKey.get(key);
    return kept !== undefined && kept.goneMs > this.#wallMs() ? kept.revocation : undefined;
  }

  #purge(): void {
    const nowMs = this.#wallMs();
    let hasGone = false;
    for (const [id, goneMs] of this.#goneMs) {
      if (goneMs > nowMs) break;
      hasGone = this.#goneMs.delete(id);
    }
    if (!hasGone) return;
    for (const [key, { goneMs }] of this.#byKey) if (goneMs <= nowMs) this.#remove(key);
  }

  #remove(key: string): void {
    const known = this.#byKey.get(key);
    if (known === undefined) return;
    this.#byKey.delete(key);
    const { target } = known.revocation;
    if (!("claim" in target)) return;
    const left = (this.#claims.get(target.claim.name) ?? 1) - 1;
    if (left === 0) this.#claims.delete(target.claim.name);
    else this.#claims.set(target.claim.name, left);
  }
}
