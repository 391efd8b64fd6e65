import { redis } from "@heddle/engine-redis";
import { jwt } from "@heddle/auth-jwt";
import { createServer } from "@heddle/server";
import type { Contract } from "@heddle/protocol/contract";

/** One of any number of servers that show as one. All have the same secret, which says who published what. */
export function sharedServer<const C extends Contract>(contract: C, secret: Uint8Array, url: string) {
  return createServer({ contract, auth: jwt({ secret }), secret, engine: redis({ url }) });
}
