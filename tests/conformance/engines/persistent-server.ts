import { disk } from "@heddle/engine-disk";
import { jwt } from "@heddle/auth-jwt";
import { createServer } from "@heddle/server";
import type { Contract } from "@heddle/protocol/contract";

/** A server whose channels are there again after a restart. The secret is kept too: it says who published what. */
export function persistentServer<const C extends Contract>(contract: C, secret: Uint8Array, path: string) {
  return createServer({ contract, auth: jwt({ secret }), secret, engine: disk({ path, sync: "always" }) });
}
