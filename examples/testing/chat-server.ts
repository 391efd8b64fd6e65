// The chat's server: who speaks is stamped on, and shouting is refused. It does not know whether it serves a network or a test.
import { createServer, refuse, type HeddleServer, type ServerOptions } from "@heddle/server";
import { chat } from "./contract.ts";

export function chatServer(options: Omit<ServerOptions<typeof chat>, "contract">): HeddleServer<typeof chat> {
  const server = createServer({ ...options, contract: chat });
  server.channel("room").on("message", (event, { user }) => {
    if (event.text === event.text.toUpperCase()) refuse("please do not shout");
    return { ...event, from: user.id };
  });
  return server.call("rename", ({ name }) => ({ name }));
}
