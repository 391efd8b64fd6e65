import { OptionError } from "@heddle/base";
import { createClient, type Client } from "@heddle/client";
import { memoryEngine, MemoryStore } from "@heddle/hub/memory";
import { createServer, type HeddleServer } from "@heddle/server";
import { beforeEach, describe, expect, it } from "vitest";
import { chat, type Chat } from "../testing/chat.ts";
import { ExpectationError } from "./deliveries.ts";
import { memoryNetwork, type MemoryNetwork } from "./memory-network.ts";
import { recordRun, type Followable, type RecordedRun } from "./recorded-run.ts";
import { virtualTime, type VirtualTime } from "./virtual-time.ts";

let time: VirtualTime;
let net: MemoryNetwork;
let store: MemoryStore;
let run: RecordedRun;
let server: HeddleServer<Chat>;

const room = { roomId: "1" };
const clientOf = (user: string): Client<Chat> => createClient<Chat>({ ...net.clientOptions(user), token: () => user });

beforeEach(async () => {
  time = virtualTime();
  net = memoryNetwork({ clock: time });
  store = new MemoryStore();
  run = recordRun({ contract: chat, clock: time, engine: memoryEngine({ store }) });
  const { engine } = run;
  server = createServer({ ...net.serverOptions(), contract: chat, engine, auth: (user) => (user ? { user } : null) });
  server.call("rename", (input) => input);
  await net.listen(server);
});

/** Two people who follow, one who publishes, and links that break all the time. */
async function badDay(follow: (who: string, channel: Followable) => unknown): Promise<void> {
  const [ada, bob] = [clientOf("ada"), clientOf("bob")];
  for (const [who, client] of [["ada", ada] as const, ["bob", bob] as const]) follow(who, client.channel("room", room));
  const said = [];
  for (let turn = 1; turn <= 30; turn++) {
    said.push(ada.channel("room", room).publish("message", { text: `${turn}` }));
    if (turn % 3 === 0) net.kill(turn % 2 === 0 ? "ada" : "bob");
    await time.advance(400);
  }
  await time.run(Promise.all(said), { withinMs: 300_000 });
  await time.advance(60_000);
}

describe("a recorded run", () => {
  it("keeps every guarantee on a bad day, and knows that something happened", async () => {
    await badDay((who, channel) => run.follow(who, channel));
    await run.expectGuarantees();
    expect(run.history.filter(({ f }) => f === "deliver")).toHaveLength(60);
    expect(run.history.filter(({ f }) => f === "stored")).toHaveLength(30);
  });

  it.each([
    ["is left out", "no-silent-gap", (index: number) => (index === 7 ? 0 : 1)],
    ["comes twice", "no-dup", (index: number) => (index === 7 ? 2 : 1)],
    ["never comes at the end", "liveness", (index: number) => (index === 29 ? 0 : 1)],
  ])("finds it when one delivery %s", async (_what, invariant, timesOf) => {
    await badDay((who, channel) => {
      let index = 0;
      run.follow(who, {
        ...{ name: channel.name, onStatus: channel.onStatus, onGap: channel.onGap, onSkip: channel.onSkip },
        get status() {
          return channel.status;
        },
        get attachedAt() {
          return channel.attachedAt;
        },
        onAny: (handler) =>
          channel.onAny((payload, meta) => {
            for (let left = timesOf(index++); left > 0; left--) handler(payload, meta);
          }),
      });
    });
    expect(new Set((await run.violations()).map((violation) => violation.invariant))).toContain(invariant);
    await expect(run.expectGuarantees()).rejects.toThrow(ExpectationError);
  });

  it("takes a gap for a surprise unless a fault explains it", async () => {
    run.follow("ada", clientOf("ada").channel("room", room));
    await time.settle();
    await server.channel("room").publish(room, "message", { text: "a" });
    store.drop("room/1");
    await time.advance(1_000);
    await server.channel("room").publish(room, "message", { text: "b" });
    await time.settle();
    await expect(run.expectGuarantees()).rejects.toThrow("a gap (epoch) although nothing failed");
    run.fault("log lost");
    await run.expectGuarantees();
  });

  it("follows what the contract has, over engines whose offsets it can judge", () => {
    const { traits } = memoryEngine();
    expect(() => run.follow("ada", { ...clientOf("ada").channel("room", room), name: "nothing/1" })).toThrow(
      OptionError,
    );
    const engine = Object.assign(memoryEngine(), { traits: { ...traits, offsets: "sparse" } });
    expect(() => recordRun({ contract: chat, clock: time, engine })).toThrow(/engine: "memory" given/);
  });

  it("forgets who left", async () => {
    const off = run.follow("ada", clientOf("ada").channel("room", room));
    await time.settle();
    off();
    await server.channel("room").publish(room, "message", { text: "unheard" });
    await time.settle();
    expect(await run.violations()).toEqual([]);
  });
});
