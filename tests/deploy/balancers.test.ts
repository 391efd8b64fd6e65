// The recipes of deploy/, each before three servers that are processes of their own.

import { systemClock, systemRandom } from "@heddle/base/system";
import { createClient, nodeWebSocket, type Client } from "@heddle/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { contract } from "../faults/support/contract.ts";
import { Balancer, kinds } from "./support/balancer.ts";
import { ProcessNode } from "./support/process-node.ts";
import { pause, until } from "./support/wait.ts";

const pingMs = 1_000;
/** Below the server's patience with a connection that says nothing at all, `helloMs`. */
const idleS = 3;
const clientCount = 9;
const drain = { leaveMs: 3_000, deadlineMs: 8_000 };
const dayMs = 86_400_000;

interface Person {
  readonly client: Client<typeof contract>;
  readonly states: string[];
}

function come(url: string, name: string): Person {
  const clock = systemClock();
  const random = systemRandom();
  const client = createClient<typeof contract>({
    transport: nodeWebSocket(url, { clock, random }),
    token: () => `${name} ${Date.now() + dayMs}`,
  });
  const states: string[] = [];
  client.channel("big", { n: "1" }).on("message", () => undefined);
  return { client, states };
}

/** Which node a client is on. */
const nodeOf = ({ client }: Person): string => client.connectionId?.split("-")[0] ?? "";
const isOnline = ({ client }: Person): boolean => client.state.name === "online";

describe.each(kinds)("behind %s", (kind) => {
  let nodes: ProcessNode[] = [];
  let balancer: Balancer;
  let people: Person[] = [];
  const on = (name: string): Person[] => people.filter((person) => nodeOf(person) === name);

  beforeAll(async () => {
    nodes = await Promise.all(
      ["n1", "n2", "n3"].map((name) => new ProcessNode().listen({ name, port: 0, pingMs, drain })),
    );
    balancer = await Balancer.start({ kind, ports: nodes.map(({ port }) => port), idleS });
    people = Array.from({ length: clientCount }, (_, index) => come(balancer.url, `p${index}`));
    await until(() => people.every(isOnline), "everybody online");
    for (const { client, states } of people) client.onState(({ name }) => void states.push(name));
  });
  afterAll(async () => {
    await Promise.all(people.map(({ client }) => client.close()));
    await balancer?.[Symbol.asyncDispose]();
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
  });

  it("clients come to all nodes", () => {
    for (const { name } of nodes) expect(on(name).length).toBeGreaterThan(0);
  });

  it("pings keep a connection open for which nobody has anything to say, where silence is cut", async () => {
    const silent = new WebSocket(balancer.url, "heddle.v1.json");
    const cut = new Promise<number>((resolve) => silent.on("close", resolve));
    await pause(2.5 * idleS * 1_000);
    expect(await cut).toBe(1006); // by the balancer: the server would have said 4002
    expect(people.flatMap(({ states }) => states)).toEqual([]);
  });

  it("clients of a node that is told to end move on, online throughout", async () => {
    const moving = on("n1");
    expect(await nodes[0]?.end("SIGTERM")).toBe(0);
    await until(() => people.every((person) => isOnline(person) && nodeOf(person) !== "n1"), "everybody elsewhere");
    expect(moving.length).toBeGreaterThan(0);
    expect(people.flatMap(({ states }) => states)).toEqual([]);
  });

  it("clients of a node that is killed come back on another", async () => {
    const killed = on("n2");
    expect(killed.length).toBeGreaterThan(0);
    await nodes[1]?.end("SIGKILL");
    await until(() => people.every((person) => isOnline(person) && nodeOf(person) === "n3"), "everybody on n3");
    for (const { states } of killed) expect(states.at(-1)).toBe("online");
  });
});
