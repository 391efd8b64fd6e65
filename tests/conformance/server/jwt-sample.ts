import { jwt, permittedBy } from "@heddle/auth-jwt";
import { channel, defineContract } from "@heddle/protocol/contract";
import { createServer } from "@heddle/server";
import { z } from "zod";

export const contract = defineContract({
  channels: { room: channel({ params: { roomId: z.string() }, events: { message: z.object({ text: z.string() }) } }) },
});

export function serve(issuer: string) {
  const auth = jwt({ jwks: `${issuer}/.well-known/jwks.json`, issuer, audience: "chat" });
  const server = createServer({ contract, auth });
  server.channel("room").authorize(permittedBy("permissions")); // "subscribe:room/42", "*:room/*"
  return server;
}
