// Complaint 20: a balancer that cuts at 60 s of silence, and clients and servers with nothing but defaults. It takes what it
// says, in real time: everybody at once.

import { systemClock, systemRandom } from "@heddle/base/system";
import { createClient, nodeWebSocket } from "@heddle/client";
import { httpPoll, httpStream } from "@heddle/client/http";
import { wireLimits } from "@heddle/protocol";
import { memoryEngine } from "@heddle/server";
import { expect, it } from "vitest";
import type { contract } from "../faults/support/contract.ts";
import { Balancer, kinds } from "./support/balancer.ts";
import { startNode } from "./support/node.ts";
import { pause, until } from "./support/wait.ts";

const silentMs = 65_000;
const dayMs = 86_400_000;
const ways = {
  websocket: (url: string) =>
    nodeWebSocket(url.replace("http", "ws"), { clock: systemClock(), random: systemRandom() }),
  stream: httpStream,
  poll: httpPoll,
};

it("nobody is cut who has nothing to say, by whatever transport and behind whatever balancer", async () => {
  await using node = await startNode({ engine: memoryEngine(), port: 0, pingMs: wireLimits.pingMs });
  const port = node.address?.port ?? 0;
  const balancers = await Promise.all(kinds.map((kind) => Balancer.start({ kind, ports: [port, port, port] })));
  const people = balancers.flatMap(({ httpUrl }) =>
    Object.values(ways).map((way) =>
      createClient<typeof contract>({ transport: way(httpUrl), token: () => `ada ${Date.now() + dayMs}` }),
    ),
  );
  const got: string[] = [];
  for (const client of people) client.channel("big", { n: "1" }).on("message", ({ h }) => void got.push(h));
  await until(() => people.every(({ state }) => state.name === "online"), "everybody online");
  const states: string[] = [];
  for (const client of people) client.onState(({ name }) => void states.push(name));
  await pause(silentMs);
  expect(states).toEqual([]);
  await node.channel("big").publish({ n: "1" }, "message", { h: "still there" });
  await until(
    () => got.length === people.length,
    () => `${people.length} deliveries, but ${got.length}`,
  );
  await Promise.all(people.map((client) => client.close()));
  await Promise.all(balancers.map((balancer) => balancer[Symbol.asyncDispose]()));
});
