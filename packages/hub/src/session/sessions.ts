// The open sessions of a node, by connection id and by resume secret.

import type { Session } from "./session.ts";

export class Sessions {
  readonly #byId = new Map<string, Session>();
  readonly #bySecret = new Map<string, Session>();

  get count(): number {
    return this.#byId.size;
  }

  opened(session: Session): void {
    this.#byId.set(session.id, session);
    this.#bySecret.set(session.resumeSecret, session);
  }

  ended(session: Session): void {
    this.#byId.delete(session.id);
    this.#bySecret.delete(session.resumeSecret);
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

  ofUser(userId: string): readonly Session[] {
    return this.all().filter(({ actor }) => actor.userId === userId);
  }
}
