import { OptionError } from "@heddle/base";
import { beforeEach, describe, expect, it } from "vitest";
import { openWorld, serverOn, type World } from "../testing/chat.ts";
import { recordDeliveries } from "./deliveries.ts";
import { memoryNetwork } from "./memory-network.ts";

let world: World;
const room = { roomId: "1" };

beforeEach(async () => {
  world = await openWorld();
});

/** A client that follows the room, and what it was given. */
async function follower(name: string) {
  const client = world.client(name);
  const channel = client.channel("room", room);
  const seen = recordDeliveries(channel);
  await world.time.run(channel.ready());
  return { client, channel, seen };
}

const say = (text: string) => world.server.channel("room").publish(room, "message", { text });

describe("a network in memory", () => {
  it("connects real clients to a real server without time passing", async () => {
    const { time } = world;
    const [ada, bob] = [await follower("ada"), await follower("bob")];
    const { duplicate } = await time.run(ada.channel.publish("message", { text: "hi" }));
    await time.settle();
    expect([duplicate, time.monotonicMs()]).toEqual([false, 0]);
    for (const { seen } of [ada, bob]) seen.expectDelivered([{ text: "hi" }]);
    expect(world.net.linkCount("ada")).toBe(1);
  });

  it("carries both ways late by the delay asked for", async () => {
    const { time, net } = world;
    const { client, seen } = await follower("ada");
    net.delay("ada", 200);
    const before = time.monotonicMs();
    await time.run(client.call("rename", { name: "x" }));
    expect(time.monotonicMs() - before).toBe(400);
    await say("late");
    await time.advance(199);
    seen.expectDelivered([]);
    await time.advance(1);
    seen.expectDelivered([{ text: "late" }]);
    expect(() => net.delay("ada", -1)).toThrow(OptionError);
  });

  it("cuts: the client waits, tries in vain, and resumes once it is mended", async () => {
    const { time, net } = world;
    const { client, seen } = await follower("ada");
    net.cut("ada");
    await time.settle();
    expect(client.state.name).toBe("waiting");
    for (const text of ["a", "b", "c"]) await say(text);
    await time.advance(5_000);
    expect(client.state.name).not.toBe("online");
    net.cut("ada", false);
    await time.until(() => client.state.name === "online");
    await time.settle();
    seen.expectDelivered([{ text: "a" }, { text: "b" }, { text: "c" }]);
    seen.expectNoGap();
  });

  it("stalls: nobody is told, attempts wait, and everything goes on where it stood", async () => {
    const { time, net } = world;
    const { client, seen } = await follower("ada");
    net.stall("ada");
    await say("a");
    const late = world.client("ada");
    late.connect();
    await time.advance(3_000);
    expect([client.state.name, late.state.name]).toEqual(["online", "connecting"]);
    seen.expectDelivered([]);
    net.stall("ada", false);
    await time.settle();
    expect(late.state.name).toBe("online");
    seen.expectDelivered([{ text: "a" }]);
  });

  it("freezes a reader: what it is sent waits, what it sends passes", async () => {
    const { time, net } = world;
    const { channel, seen } = await follower("ada");
    const bob = await follower("bob");
    net.freezeReader("ada");
    void channel.publish("message", { text: "still sent" });
    await time.settle();
    bob.seen.expectDelivered([{ text: "still sent" }]);
    seen.expectDelivered([]);
    net.heal();
    await time.settle();
    seen.expectDelivered([{ text: "still sent" }]);
  });

  it("kills links silently: pings find it, and nothing is missing after", async () => {
    const { time, net } = world;
    const { client, seen } = await follower("ada");
    net.kill("ada", "silent");
    await say("a");
    await time.advance(1_000);
    net.heal();
    await time.advance(1_000);
    expect(client.state.name).toBe("online");
    seen.expectDelivered([]);
    await time.until(() => client.state.name !== "online", { withinMs: 120_000 });
    await time.until(() => client.state.name === "online");
    await time.settle();
    seen.expectDelivered([{ text: "a" }]);
  });

  it("kills everybody's links at once", async () => {
    const { time, net } = world;
    const both = [await follower("ada"), await follower("bob")];
    net.killAll();
    await time.settle();
    expect(both.map(({ client }) => client.state.name)).toEqual(["waiting", "waiting"]);
    await time.advance(2_000);
    expect(both.map(({ client }) => client.state.name)).toEqual(["online", "online"]);
  });

  it("lets the server's side close with a code", async () => {
    const { time, net } = world;
    const { client } = await follower("ada");
    net.close("ada", 4403, "banned");
    await time.settle();
    expect(client.state).toMatchObject({ name: "closed", code: 4403 });
  });

  it("refuses attempts while nobody listens, and clients that come back when the server has closed", async () => {
    const { time, net, server } = world;
    const { client } = await follower("ada");
    await time.run(server.close());
    await time.advance(10_000);
    expect(client.state.name).not.toBe("online");
    const stop = await net.listen(serverOn(net));
    await time.until(() => client.state.name === "online");
    stop();
    net.kill("ada");
    await time.advance(10_000);
    expect(client.state.name).not.toBe("online");
  });

  it("refuses a server that lives in another time", async () => {
    const other = await openWorld();
    await expect(world.net.listen(other.server)).rejects.toThrow(/server\.clock/);
  });

  it("gives the same run for the same seed, and another for another", async () => {
    const runOf = async (seed: number): Promise<string> => {
      const { time, net, client } = await openWorld(seed);
      const ada = client("ada");
      const states: string[] = [];
      ada.onState(({ name }) => states.push(`${name} ${time.monotonicMs()}`));
      ada.connect();
      for (let drop = 0; drop < 5; drop++) {
        await time.advance(3_000);
        net.kill("ada");
      }
      return states.join(", ");
    };
    expect(await runOf(7)).toBe(await runOf(7));
    expect(await runOf(7)).not.toBe(await runOf(8));
    expect(() => memoryNetwork({ seed: -1 })).toThrow(OptionError);
  });
});
