// The server that is attacked: a room everybody may use, a call that takes its time, and a user whose token is slow to check.

import { createServer, type HeddleServer, type ServerLimits } from "@heddle/server";
import { call, channel, defineContract, volatile } from "@heddle/protocol/contract";
import { z } from "zod";

export const contract = defineContract({
  channels: {
    room: channel({
      params: { roomId: z.string().max(64) },
      events: { message: z.object({ text: z.string().max(4_000) }), typing: volatile(z.object({ on: z.boolean() })) },
      member: z.object({ name: z.string().max(40) }),
    }),
  },
  calls: { wait: call({ input: z.undefined(), output: z.undefined() }) },
});

export function targetServer(limits: Partial<ServerLimits> = {}): HeddleServer<typeof contract> {
  const quiet = (): void => undefined;
  const server = createServer({
    contract,
    limits,
    auth: async (token) => {
      if (token?.startsWith("slow-")) await new Promise((resolve) => setTimeout(resolve, 1_000));
      return token ? { user: token } : null;
    },
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
  server.call("wait", () => new Promise((resolve) => setTimeout(() => resolve(undefined), 200)));
  return server;
}
