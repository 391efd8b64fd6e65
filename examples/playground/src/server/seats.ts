// Who sits where. A name makes a person; a cookie, signed and kept from scripts, lets the same browser be the same person
// again, so that a renewed token names the user it named before. Access tokens live minutes, the seat lives a month.

import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { signToken } from "@heddle/auth-jwt";

/** What connections are let in with. */
export const accessAudience = "playground-access";
export const seatCookieName = "heddle-seat";
/** How long a browser is the same person. Seconds. */
export const seatCookieS = 30 * 24 * 3_600;
export const nameLengthMax = 32;
const idBytes = 6;

export interface Seat {
  readonly user: string;
  readonly name: string;
}

export interface SignedIn extends Seat {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export class Seats {
  readonly #secret: Uint8Array;
  readonly #tokenS: number;

  constructor(secret: Uint8Array, tokenS: number) {
    this.#secret = secret;
    this.#tokenS = tokenS;
  }

  /** Who the cookie names; undefined when it is none of ours, or over. */
  seatOf(cookie: string | undefined): Seat | undefined {
    const [content = "", signature = ""] = cookie?.split(".") ?? [];
    const given = Buffer.from(signature, "base64url");
    const own = this.#signatureOf(content);
    if (given.length !== own.length || !timingSafeEqual(given, own)) return undefined;
    const { user, name, untilMs } = JSON.parse(Buffer.from(content, "base64url").toString()) as Seat & {
      untilMs: number;
    };
    return untilMs > Date.now() ? { user, name } : undefined;
  }

  cookieFor({ user, name }: Seat): string {
    const untilMs = Date.now() + seatCookieS * 1_000;
    const content = Buffer.from(JSON.stringify({ user, name, untilMs })).toString("base64url");
    return `${content}.${this.#signatureOf(content).toString("base64url")}`;
  }

  /** A new person of this name. */
  newSeat(name: string): Seat {
    const readable = name
      .toLowerCase()
      .normalize("NFKD")
      .replaceAll(/[^a-z0-9]+/g, "")
      .slice(0, 12);
    return { user: `${readable || "guest"}-${randomBytes(idBytes).toString("base64url")}`, name };
  }

  /** A token that opens a connection. @param isBot  shown beside the name */
  async signIn({ user, name }: Seat, isBot = false): Promise<SignedIn> {
    const expiresAt = Date.now() + this.#tokenS * 1_000;
    const claims = { name, isBot, aud: accessAudience };
    const token = await signToken({ secret: this.#secret, user, expiresInS: this.#tokenS, claims });
    return { user, name, token, expiresAt };
  }

  /** The label keeps these signatures apart from those of tokens, which have the same key. */
  #signatureOf(content: string): Buffer {
    return createHmac("sha256", this.#secret).update(`seat\0${content}`).digest();
  }
}

/** A name as it is shown: trimmed, single-spaced, without control characters; undefined when nothing is left. */
export function nameOf(given: unknown): string | undefined {
  if (typeof given !== "string") return undefined;
  const name = given
    .normalize("NFC")
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "")
    .replaceAll(/\s+/g, " ")
    .trim();
  return name === "" || [...name].length > nameLengthMax ? undefined : name;
}
