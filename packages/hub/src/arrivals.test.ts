import { describe, expect, it } from "vitest";
import { MemoryStore, memoryEngine } from "./memory/index.ts";
import { openWorld, pub, type FakeClient, type World } from "./testing/fixture.ts";

const channelCount = 50;
const clientCount = 2_000;
const entryCount = 10;

/** A store with some entries in every channel, and the position of the first of each. */
async function filled(store: MemoryStore): Promise<Map<string, unknown>> {
  const world = await openWorld({ engine: memoryEngine({ node: "n1", store }) });
  const writer = await world.connect({ token: "w" });
  const starts = new Map<string, unknown>();
  for (let index = 0; index < channelCount; index++) {
    const ch = `room/${index}`;
    for (let n = 1; n <= entryCount; n++) await writer.say(pub(n, n, { ch }));
    world.clock.advance(1_000);
    const [first] = writer.of("ok").slice(-entryCount);
    starts.set(ch, ["pos", ...(first?.p ?? [])]);
  }
  return starts;
}

const stepMs = 50;

/** Clients that come when they are told to, as often as they are told to. */
class Crowd {
  readonly served: FakeClient[] = [];
  triedCount = 0;
  readonly #world: World;
  #waiting: { readonly index: number; readonly at: unknown; readonly dueMs: number }[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  add(index: number, at: unknown): void {
    this.#waiting.push({ index, at, dueMs: 0 });
  }

  /** Lets time pass, and those come whose moment it is. */
  async pass(ms: number): Promise<void> {
    const { clock } = this.#world;
    for (let passedMs = 0; passedMs < ms; passedMs += stepMs) {
      await clock.advanceAsync(stepMs);
      const nowMs = clock.monotonicMs();
      const due = this.#waiting.filter(({ dueMs }) => dueMs <= nowMs);
      this.#waiting = this.#waiting.filter(({ dueMs }) => dueMs > nowMs);
      const came = await Promise.all(due.map(({ index, at }) => this.#come(index, at)));
      await this.#world.settle();
      for (const [n, client] of came.entries()) {
        const { index, at } = due[n] as (typeof due)[0];
        const [bye] = client.of("bye");
        if (bye === undefined) this.served.push(client);
        else {
          expect(bye.code).toBe(4004);
          this.#waiting.push({ index, at, dueMs: nowMs + (bye.after as number) });
        }
      }
    }
  }

  async #come(index: number, at: unknown): Promise<FakeClient> {
    this.triedCount++;
    const client = await this.#world.connect({ greet: false });
    const subs = [{ r: 1, ch: `room/${index % channelCount}`, at }];
    client.sayOnly({ t: "hello", v: 1, k: `u${index}`, pid: `pid-${10_000 + index}`, subs });
    return client;
  }
}

describe("a node before two thousand clients that all come at once", () => {
  it("greets as many a second as it is set to, reads once per channel, and serves everybody in the end", async () => {
    const store = new MemoryStore();
    const starts = await filled(store);
    const limits = { hellosPerSecond: 200, hellosBurst: 200, readsMax: 4 };
    const world = await openWorld({ engine: memoryEngine({ node: "n2", store }), limits });
    const crowd = new Crowd(world);
    for (let index = 0; index < clientCount; index++) crowd.add(index, starts.get(`room/${index % channelCount}`));
    let before = 0;
    for (let second = 1; crowd.served.length < clientCount; second++) {
      expect(second).toBeLessThan(20);
      await crowd.pass(1_000);
      const { sessions } = world.hub.counters;
      expect(sessions - before).toBeLessThanOrEqual(second === 1 ? 400 : 201);
      before = sessions;
      expect(world.hub.connectionCount).toBe(sessions); // whoever was turned away holds nothing here
    }
    await crowd.pass(1_000);
    for (const client of crowd.served) {
      expect(client.last("subd").rec).toBe("full");
      expect(client.payloads).toEqual(Array.from({ length: entryCount - 1 }, (_, index) => index + 2));
    }
    expect(world.hub.counters.storeReads).toBeLessThanOrEqual(channelCount);
    expect(crowd.triedCount).toBeLessThan(2.2 * clientCount); // told when to come, nearly everybody came twice
  }, 60_000);

  it("takes nobody while too many reads wait, and then takes them", async () => {
    const store = new MemoryStore();
    await filled(store);
    const limits = { readsMax: 1, readsPerSecond: 2, readsWaitingMax: 5 };
    const world = await openWorld({ engine: memoryEngine({ node: "n2", store }), limits });
    const crowd = new Crowd(world);
    for (let index = 0; index < 40; index++) {
      crowd.add(index, ["last", 3]);
      await crowd.pass(stepMs);
    }
    expect(world.hub.counters.arrivalRefusals).toBeGreaterThan(0);
    await crowd.pass(60_000);
    expect(crowd.served).toHaveLength(40);
  });
});
