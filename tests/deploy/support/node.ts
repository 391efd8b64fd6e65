// One server as a deployment runs it: its name, its port, an engine it may share. Its application is the simulation's, so that
// the checker can read what its clients saw.

import { systemClock, systemRandom } from "@heddle/base/system";
import { createServer, type Engine, type HeddleServer } from "@heddle/server";
import { isForbidden } from "@heddle/testkit/simulation";
import { contract, readerName } from "../../faults/support/contract.ts";

export interface NodeOptions {
  readonly engine: Engine;
  /** 0: any. */
  readonly port: number;
  /** Milliseconds, from 1_000. */
  readonly pingMs: number;
}

export type Node = HeddleServer<typeof contract>;

export async function startNode({ engine, port, pingMs }: NodeOptions): Promise<Node> {
  const server = createServer({
    ...{ contract, engine, clock: systemClock(), random: systemRandom(), limits: { pingMs } },
    secret: "equal on all nodes, and over their restarts",
    auth: (token = "") => {
      const [user = "", expiry] = token.split(" ");
      return user === "" || Number(expiry) <= Date.now() ? null : { user, expiresAtMs: Number(expiry) };
    },
  });
  for (const key of Object.keys(contract.channels) as (keyof typeof contract.channels)[]) {
    const channel = server.channel(key);
    channel.authorize(({ user, channel: ch, action }) => user.id === readerName || !isForbidden(ch, action));
  }
  server.channel("big").snapshot(() => ({ user: "" }));
  server.channel("mine").snapshot.perUser(({ user }) => ({ user: user.id }));
  server.call("add", (got) => ({ got }));
  server.call("charge", (got) => ({ got }));
  server.call("count", function* (to) {
    for (let n = 1; n <= to; n++) yield { n, pad: "" };
  });
  await server.listen({ port, host: "127.0.0.1" });
  return server;
}
