import { expect, it } from "vitest";
import { EngineError, type Bus } from "../ports/index.ts";
import { engineWith } from "../testing/engine-with.ts";
import { openWorld, sub } from "../testing/fixture.ts";

const topic = "v/room/1";

/** A world whose bus can be away, and which counts how often this channel's topic was asked for. */
async function open() {
  const bus = { isAway: true, askedCount: 0 };
  const subscribe =
    (real: () => Bus): Bus["subscribe"] =>
    async (name, receive) => {
      if (name === topic) bus.askedCount++;
      if (name === topic && bus.isAway) throw new EngineError("unreachable", "the bus is away");
      return real().subscribe(name, receive);
    };
  const world = await openWorld({ engine: engineWith({}, () => ({}), subscribe) });
  return { bus, world };
}

it("reaches who subscribed while the bus was away, once it is there again", async () => {
  const { bus, world } = await open();
  const client = await world.connect();
  await client.say(sub(1, "live"));
  await world.clock.advanceAsync(3_500);
  bus.isAway = false;
  await world.clock.advanceAsync(1_000);
  await client.say({ t: "pub", ch: "room/1", e: "typing", d: 7 });
  expect(client.of("m")).toMatchObject([{ e: "typing", d: 7 }]);
});

it("is not asked for any more when the last subscriber has gone while the bus was away", async () => {
  const { bus, world } = await open();
  const client = await world.connect();
  await client.say(sub(1, "live"));
  await client.drop();
  await world.clock.advanceAsync(120_000); // longer than a channel lingers
  const { askedCount } = bus;
  await world.clock.advanceAsync(60_000);
  expect(bus.askedCount).toBe(askedCount);
  expect(askedCount).toBeGreaterThan(1);
});
