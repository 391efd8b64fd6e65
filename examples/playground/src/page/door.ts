// Signing in, and the token that comes of it. The page keeps the name; who that is, the server keeps in a cookie of its
// own, so that a renewed token always names the same person.

import { signal } from "@preact/signals";

/** Who sits at this page. */
export interface Seat {
  readonly user: string;
  readonly name: string;
}

interface Ticket extends Seat {
  readonly token: string;
  /** Milliseconds since 1970, by the server's clock. */
  readonly expiresAt: number;
}

const nameKey = "heddle.playground.name";
/** A token this close to its end is not used for a new connection. */
const spareMs = 5_000;
const answerMs = 8_000;

export class Door {
  readonly seat = signal<Seat | undefined>(undefined);
  /** The name of last time: signed in again without being asked. */
  readonly keptName = localStorage.getItem(nameKey) ?? undefined;
  #ticket: Ticket | undefined;

  /** @throws {Error} with a sentence for the person at the door */
  async signIn(name: string): Promise<void> {
    const { user, name: given } = await this.#ask(name);
    localStorage.setItem(nameKey, given);
    this.seat.value = { user, name: given };
  }

  /** A token for the connection: the one at hand while it is good, else a new one. */
  async token(reason: "connect" | "refused" | "expiring"): Promise<string> {
    const atHand = this.#ticket;
    if (reason === "connect" && atHand !== undefined && atHand.expiresAt - Date.now() > spareMs) return atHand.token;
    const seat = this.seat.peek();
    if (seat === undefined) throw new Error("nobody is signed in");
    const { user, token } = await this.#ask(seat.name);
    // The server lost its key and knows us no more: what is on the page belongs to somebody else.
    if (user !== seat.user) location.reload();
    return token;
  }

  /** Forgets the name here and the person at the server, then begins anew at the door. */
  async signOut(): Promise<void> {
    localStorage.removeItem(nameKey);
    try {
      await fetch("/sign-out", { method: "POST", signal: AbortSignal.timeout(answerMs) });
    } catch {
      // Out of reach: the cookie stays, and the next name makes a new person of it anyway.
    }
    location.hash = "";
    location.reload();
  }

  async #ask(name: string): Promise<Ticket> {
    const response = await this.#post(name);
    const body = (await response.json()) as Partial<Ticket> & { readonly why?: string };
    const { token, user, expiresAt } = body;
    if (!response.ok || token === undefined || user === undefined || expiresAt === undefined) {
      throw new Error(body.why ?? `The server answered ${response.status}.`);
    }
    return (this.#ticket = { token, user, name: body.name ?? name, expiresAt });
  }

  async #post(name: string): Promise<Response> {
    try {
      return await fetch("/sign-in", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ name }),
        signal: AbortSignal.timeout(answerMs),
      });
    } catch (error) {
      throw new Error("the server cannot be reached", { cause: error });
    }
  }
}
