// The open sessions of a node, by connection id, by resume secret and by user.

import type { Session } from "./session.ts";

export class Sessions {
  readonly #byId = new Map<string, Session>();
  readonly #bySecret = new Map<string, Session>();
  /** Most users have one: a set is made for the others alone. */
  readonly #byUser = new Map<string, Session | Set<Session>>();

  get count(): number {
    return this.#byId.size;
  }

  opened(session: Session): void {
    this.#byId.set(session.id, session);
    this.#bySecret.set(session.resumeSecret, session);
    const { userId } = session.actor;
    if (userId === undefined) return;
    const known = this.#byUser.get(userId);
    if (known === undefined) this.#byUser.set(userId, session);
    else if (known instanceof Set) known.add(session);
    else this.#byUser.set(userId, new Set([known, session]));
  }

  ended(session: Session): void {
    if (!this.#byId.delete(session.id)) return; // it never was: nobody had said hello
    this.#bySecret.delete(session.resumeSecret);
    const { userId = "" } = session.actor;
    const known = this.#byUser.get(userId);
    if (known instanceof Set) known.delete(session);
    if (known === session || (known instanceof Set && known.size === 0)) this.#byUser.delete(userId);
  }

  withId(id: string): Session | undefined {
    return this.#byId.get(id);
  }

  withSecret(secret: string): Session | undefined {
    return this.#bySecret.get(secret);
  }

  all(): readonly Session[] {
    return [...this.#byId.values()];
  }

  countOfUser(userId: string): number {
    const known = this.#byUser.get(userId);
    return known instanceof Set ? known.size : known === undefined ? 0 : 1;
  }

  ofUser(userId: string): readonly Session[] {
    const known = this.#byUser.get(userId);
    return known instanceof Set ? [...known] : known === undefined ? [] : [known];
  }
}
