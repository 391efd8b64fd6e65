// A chat server. Run it with a secret of at least 32 bytes in HEDDLE_SECRET.
import { jwt } from "@heddle/auth-jwt";
import { createServer } from "@heddle/server";
import { chat } from "./contract.ts";

const secret = process.env["HEDDLE_SECRET"] ?? "";
const server = createServer({ contract: chat, auth: jwt({ secret }) });

server
  .channel("room")
  .authorize(
    ({ user, params, action }) => action !== "publish" || params.roomId !== "news" || user.claims["editor"] === true,
  )
  .on("message", (event, { user }) => ({ ...event, from: user.id }));

server.call("roll", ({ sides }) => 1 + Math.floor(Math.random() * sides));

const { url } = await server.listen({ port: Number(process.env["PORT"] ?? 7071), host: "127.0.0.1" });
console.log(`listening at ${url}`);

process.once("SIGINT", () => void server.close());
process.once("SIGTERM", () => void server.drain());
