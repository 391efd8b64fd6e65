// What users of other systems complained about when a node is replaced; the titles name the public issues.

import { createClient } from "@heddle/client";
import { createServer, memoryEngine, MemoryStore } from "@heddle/server";
import { memoryNetwork, virtualTime } from "@heddle/testkit";
import { describe, expect, it } from "vitest";
import { chat, startChat } from "../support/chat.ts";
import { clientOf, Line, online } from "../support/clients.ts";
import { until } from "../support/inbox.ts";

const auth = (token: string | undefined) => (token ? { user: token } : null);
const secret = "equal on all nodes, and long enough for a secret";

/** Two nodes on one store, and people in one room of the first. */
async function town(clientCount: number) {
  const clock = virtualTime();
  const network = memoryNetwork({ clock });
  const store = new MemoryStore();
  const nodes = ["n1", "n2"].map((node) => {
    const engine = memoryEngine({ node, store });
    const server = createServer({ contract: chat, auth, secret, engine, ...network.serverOptions() });
    for (const name of ["rename", "placeOrder", "wait"] as const) server.call(name, () => ({ name: "", order: 1 }));
    return server;
  });
  const [first, second] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
  await network.listen(first);
  const people = Array.from({ length: clientCount }, (_, index) => {
    const name = `p${index}`;
    const client = createClient<typeof chat>({ ...network.clientOptions(name), token: () => name });
    const got: string[] = [];
    const states: string[] = [];
    const troubles: unknown[] = [];
    const room = client.channel("room", { roomId: "1" });
    room.on("message", ({ text }) => void got.push(text));
    room.onGap((gap) => void troubles.push(gap));
    return { client, got, states, troubles };
  });
  await clock.until(() => people.every(({ client }) => client.state.name === "online"));
  for (const { client, states } of people) client.onState(({ name }) => void states.push(name));
  await network.listen(second);
  return { clock, network, first, second, people };
}

describe("phoenixframework/phoenix#4045: a node is drained", () => {
  it("→ the other node sees new connections at the rate that was set, and nobody misses or repeats anything", async () => {
    const { clock, first, second, people } = await town(120);
    const perSecond = 20;
    const sent: string[] = [];
    const arrived: number[] = [];
    const draining = first.drain({ perSecond });
    while (people.some(({ client }) => client.connectionId?.startsWith("n1-"))) {
      // Both nodes are written to: whoever is on the one reads what came in by the other.
      for (let part = 0; part < 10; part++) {
        const text = String(sent.length);
        sent.push(text);
        await clock.run(second.channel("room").publish({ roomId: "1" }, "message", { text }));
        await clock.advance(100);
      }
      arrived.push(second.stats().counters?.sessions ?? 0);
    }
    await clock.run(draining);
    await clock.advance(2_000);
    for (const { got, states, troubles, client } of people) {
      expect(got).toEqual(sent);
      expect(states).toEqual([]); // online throughout
      expect(troubles).toEqual([]);
      expect(client.stats.duplicates + client.stats.chainBreaks).toBe(0);
    }
    const perSecondSeen = arrived.map((count, index) => count - (arrived[index - 1] ?? 0));
    const stepCount = perSecond / 10;
    expect(Math.max(...perSecondSeen)).toBeLessThanOrEqual(perSecond + stepCount);
    expect(second.stats().counters?.sessions).toBe(people.length);
    await Promise.all([...people.map(({ client }) => client.close()), second.close(), clock.advance(5_000)]);
  });

  it("→ over real sockets as well: calls under way are answered, and publishes stored once", async () => {
    const store = new MemoryStore();
    const start = (node: string) => startChat({ secret, engine: memoryEngine({ node, store }) });
    await using first = await start("n1");
    await using second = await start("n2");
    await using line = await Line.to(first);
    await using ada = clientOf(line, "ada");
    await using bob = clientOf(line, "bob");
    const got: string[] = [];
    bob.channel("room", { roomId: "1" }).on("message", ({ text }) => void got.push(text));
    await Promise.all([online(ada), online(bob), bob.channel("room", { roomId: "1" }).ready()]);
    const states: string[] = [];
    for (const client of [ada, bob]) client.onState(({ name }) => void states.push(name));
    line.turnTo(second);
    const draining = first.server.drain();
    const sent: string[] = [];
    const answers: string[] = [];
    while (first.server.stats().connections > 0) {
      const text = String(sent.length);
      sent.push(text);
      const [, { name }] = await Promise.all([
        ada.channel("room", { roomId: "1" }).publish("message", { text }),
        ada.call("rename", { name: "a" }),
      ]);
      answers.push(name);
    }
    await draining;
    await until(
      () => got.length === sent.length,
      (wake) => void bob.channel("room", { roomId: "1" }).on("message", () => queueMicrotask(wake)),
      () => `${sent.length} messages, ${got.length} came`,
    );
    expect(got).toEqual(sent);
    expect(answers.every((name) => name === "A")).toBe(true);
    expect(states).toEqual([]);
    expect(second.server.stats().connections).toBe(2);
    expect([...first.logger.errors(), ...second.logger.errors()]).toEqual([]);
  });
});
