// A small contract for tests of the kit, and people who use it in a world of their own.

import { createClient, type Client } from "@heddle/client";
import { call, channel, defineContract, volatile } from "@heddle/protocol/contract";
import { createServer, type HeddleServer } from "@heddle/server";
import { z } from "zod";
import { memoryNetwork, type MemoryNetwork } from "../kit/memory-network.ts";
import { virtualTime, type VirtualTime } from "../kit/virtual-time.ts";

export const chat = defineContract({
  channels: {
    room: channel({
      params: { roomId: z.string() },
      events: { message: z.object({ text: z.string().min(1) }), typing: volatile(z.object({ on: z.boolean() })) },
    }),
  },
  calls: { rename: call({ input: z.object({ name: z.string() }), output: z.object({ name: z.string() }) }) },
  asks: { confirm: call({ input: z.string(), output: z.boolean() }) },
  notices: { bell: z.object({ loud: z.boolean() }) },
});

export type Chat = typeof chat;

/** A real server and real clients, in virtual time, over a network in memory. */
export interface World {
  readonly time: VirtualTime;
  readonly net: MemoryNetwork;
  readonly server: HeddleServer<Chat>;
  client(name: string): Client<Chat>;
}

export async function openWorld(seed = 1): Promise<World> {
  const time = virtualTime();
  const net = memoryNetwork({ clock: time, seed });
  const server = serverOn(net);
  await net.listen(server);
  const client = (name: string): Client<Chat> => createClient<Chat>({ ...net.clientOptions(name), token: () => name });
  return { time, net, server, client };
}

export function serverOn(net: MemoryNetwork): HeddleServer<Chat> {
  const server = createServer({ ...net.serverOptions(), contract: chat, auth: (user) => (user ? { user } : null) });
  return server.call("rename", (input) => input);
}
