// What the browser loads and posts: the built page under strict headers, and the door. Knows nothing of the real-time side.

import { existsSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import sirv from "sirv";
import { StartError } from "./settings.ts";
import { nameLengthMax, nameOf, seatCookieName, seatCookieS, type Seats } from "./seats.ts";

const bodyBytesMax = 1_024;
const bodyMs = 5_000;
const pageFolder = fileURLToPath(new URL("../page", import.meta.url));

/** An answer that is no success, told to the page in a sentence. */
class Refused extends Error {
  readonly status: number;

  constructor(status: number, why: string) {
    super(why);
    this.status = status;
  }
}

/** @throws {StartError} when there is no page */
export function createPages(seats: Seats): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  if (!existsSync(pageFolder)) throw new StartError("The page is not built; npm run build builds it.");
  const serve = sirv(pageFolder, {
    etag: true,
    setHeaders: (response, path) => {
      // Names under assets/ carry a hash of their content.
      const isHashed = path.startsWith("/assets/");
      response.setHeader("Cache-Control", isHashed ? "public, max-age=31536000, immutable" : "no-cache");
    },
  });
  return async (request, response) => {
    setStrictHeaders(request, response);
    const path = (request.url ?? "/").split("?", 1)[0];
    try {
      if (path === "/sign-in") return await signIn(request, response, seats);
      if (path === "/sign-out") return signOut(request, response);
      expectMethod(request, ["GET", "HEAD"]);
      serve(request, response, () => sendJson(response, 404, { why: "There is nothing at this address." }));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      sendJson(response, error.status, { why: error.message });
    }
  };
}

/** Everything from here and nothing inline; nobody may frame the page or learn where a visitor came from. */
function setStrictHeaders(request: IncomingMessage, response: ServerResponse): void {
  const { host = "" } = request.headers;
  // Older browsers do not count ws: of the same host as 'self'.
  const sockets = /^[\w.:[\]-]+$/.test(host) ? ` ws://${host} wss://${host}` : "";
  const policy = [
    "default-src 'self'",
    `connect-src 'self'${sockets}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ];
  response.setHeader("Content-Security-Policy", policy.join("; "));
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.setHeader("Referrer-Policy", "no-referrer");
  response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
  response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
  response.setHeader("Permissions-Policy", "camera=(), microphone=(), geolocation=()");
}

/** A name becomes a person, or the browser's person a fresh token. */
async function signIn(request: IncomingMessage, response: ServerResponse, seats: Seats): Promise<void> {
  expectMethod(request, ["POST"]);
  expectSameOrigin(request);
  if (request.headers["content-type"]?.split(";", 1)[0] !== "application/json")
    throw new Refused(415, "JSON is wanted.");
  const body = await readJson(request);
  const name = nameOf((body as { readonly name?: unknown } | null)?.name);
  if (name === undefined) throw new Refused(422, `A name of 1 to ${nameLengthMax} letters is wanted.`);
  const kept = seats.seatOf(cookieOf(request));
  const seat = kept?.name === name ? kept : seats.newSeat(name);
  if (seat !== kept) setSeatCookie(response, seats.cookieFor(seat), seatCookieS);
  sendJson(response, 200, await seats.signIn(seat));
}

function signOut(request: IncomingMessage, response: ServerResponse): void {
  expectMethod(request, ["POST"]);
  expectSameOrigin(request);
  setSeatCookie(response, "", 0);
  sendJson(response, 200, {});
}

function setSeatCookie(response: ServerResponse, value: string, lifeS: number): void {
  response.setHeader(
    "Set-Cookie",
    `${seatCookieName}=${value}; Path=/sign-in; Max-Age=${lifeS}; HttpOnly; SameSite=Strict`,
  );
}

function cookieOf(request: IncomingMessage): string | undefined {
  const pairs = (request.headers.cookie ?? "").split(";").map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${seatCookieName}=`))?.slice(seatCookieName.length + 1);
}

function expectMethod(request: IncomingMessage, methods: readonly string[]): void {
  if (!methods.includes(request.method ?? "")) throw new Refused(405, `${methods.join(" or ")} is wanted.`);
}

/** Only pages of this server sign in here. Programs that send no Origin are no pages. */
function expectSameOrigin({ headers }: IncomingMessage): void {
  const { origin, host } = headers;
  if (origin === undefined) return;
  if (!URL.canParse(origin) || new URL(origin).host !== host)
    throw new Refused(403, "Other sites cannot sign in here.");
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  const late = setTimeout(() => request.destroy(new Refused(408, "The request took too long.")), bodyMs);
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      sizeBytes += part.length;
      if (sizeBytes > bodyBytesMax) throw new Refused(413, `At most ${bodyBytesMax} bytes are taken.`);
      parts.push(part);
    }
  } finally {
    clearTimeout(late);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString("utf8")) as unknown;
  } catch {
    throw new Refused(400, "That is no JSON.");
  }
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { "Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store" });
  response.end(JSON.stringify(body));
}
