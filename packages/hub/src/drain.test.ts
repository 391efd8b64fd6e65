import { describe, expect, it } from "vitest";
import { openWorld, type FakeClient, type World } from "./testing/fixture.ts";

/** A hub with this many clients on it. */
async function crowd(count: number): Promise<{ world: World; clients: FakeClient[] }> {
  const world = await openWorld();
  const clients: FakeClient[] = [];
  for (let index = 0; index < count; index++)
    clients.push(await world.connect({ token: `u${index}`, pid: `pid-${10_000 + index}` }));
  return { world, clients };
}

const has = (clients: readonly FakeClient[], type: "move" | "bye"): number =>
  clients.filter((client) => client.of(type).length > 0).length;

describe("a drain", () => {
  it("tells as many a second as its budget allows, and ends those who stay when their time is over", async () => {
    const { world, clients } = await crowd(100);
    let isOver = false;
    void world.hub.moveOut({ perSecond: 20, leaveMs: 2_000, deadlineMs: 60_000 }).then(() => (isOver = true));
    for (let second = 1; second <= 5; second++) {
      await world.clock.advanceAsync(999);
      expect(has(clients, "move")).toBe(20 * second);
      expect(has(clients, "bye")).toBe(20 * Math.max(0, second - 2));
      await world.clock.advanceAsync(1);
    }
    await world.clock.advanceAsync(1_500);
    expect(isOver).toBe(false);
    await world.clock.advanceAsync(700);
    expect(isOver).toBe(true);
    expect(world.hub.connectionCount).toBe(0);
    for (const client of clients) {
      expect(client.last("move").ms).toBe(2_000);
      expect(client.last("bye")).toMatchObject({ code: 4000 });
      expect(client.last("bye").after).toBeLessThan(1_000);
    }
  });

  it("is over when everybody has left, without a bye", async () => {
    const { world, clients } = await crowd(10);
    const over = world.hub.moveOut();
    await world.clock.advanceAsync(100);
    for (const client of clients) await client.drop(4002);
    await world.clock.advanceAsync(200);
    await over;
    expect(has(clients, "move")).toBe(10);
    expect(has(clients, "bye")).toBe(0);
  });

  it("is over at once when nobody is there", async () => {
    const { world } = await crowd(0);
    const over = world.hub.moveOut();
    await world.settle();
    await over;
    expect(world.hub.isDraining).toBe(true);
  });

  it("ends everybody at its deadline, and gives those it had no time for windows at the same rate", async () => {
    const { world, clients } = await crowd(100);
    const over = world.hub.moveOut({ perSecond: 10, leaveMs: 5_000, deadlineMs: 2_000 });
    await world.clock.advanceAsync(2_000);
    await over;
    const perSecond = new Map<number, number>();
    for (const client of clients) {
      const second = Math.floor((client.last("bye").after ?? 0) / 1_000);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
    }
    expect([...perSecond.values()]).toEqual(Array.from({ length: 10 }, () => 10));
  });

  it("serves who is still there, and takes nobody new", async () => {
    const { world, clients } = await crowd(2);
    void world.hub.moveOut({ perSecond: 1, leaveMs: 10_000 });
    await world.settle();
    const [first] = clients as [FakeClient];
    await first.say({ t: "sub", r: 1, ch: "room/1", at: "live" });
    expect(first.last("subd").r).toBe(1);
    const late = await world.connect({ token: "late" });
    expect(late.last("bye")).toMatchObject({ code: 4000 });
  });

  it("ends whoever was being greeted when it began, too", async () => {
    const { world } = await crowd(1);
    const greeting = await world.connect({ greet: false });
    void greeting.say({ t: "hello", v: 1, k: "u9", pid: "pid-greeting" });
    const over = world.hub.moveOut({ leaveMs: 1_000 });
    await world.clock.advanceAsync(2_000);
    await over;
    expect(greeting.last("bye").code).toBe(4000);
  });

  it.each([
    [{ perSecond: 0 }, "drain.perSecond: 0"],
    [{ leaveMs: 60_001 }, "drain.leaveMs: 60001"],
    [{ deadlineMs: -1 }, "drain.deadlineMs: -1"],
  ])("refuses %j", async (options, text) => {
    const { world } = await crowd(0);
    await expect(world.hub.moveOut(options)).rejects.toThrow(text);
  });
});
