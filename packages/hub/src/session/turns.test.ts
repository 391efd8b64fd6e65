// Whose turn it is when a connection takes less than its subscriptions have to read.

import { FakeClock } from "@heddle/base/fakes";
import { describe, expect, it } from "vitest";
import type { Engine, Log } from "../ports/index.ts";
import { engineWith } from "../testing/engine-with.ts";
import { openPolicy, openWorld, pub, sub, type FakeClient, type WorldOptions } from "../testing/fixture.ts";

const channels = ["busy/1", "calm/1", "calm/2"] as const;
/** Of the least window: a slice fills it. */
const entryText = "x".repeat(12_000);
const perWindow = 5;

/** A reader that lags on all channels; what it has not read of the first grows as fast as it reads. */
async function lagging(options: WorldOptions) {
  const policy = openPolicy();
  const limits = { framesPerSecond: 1e6, framesBurst: 1e6, bytesPerSecond: 1e9, bytesBurst: 1e9 };
  const world = await openWorld({
    ...options,
    channels: { busy: policy, calm: policy },
    limits: { ...limits, ...options.limits },
  });
  const writer = await world.connect({ token: "writer" });
  const reader = await world.connect({ token: "reader", hello: { w: 65_536 } });
  for (const [index, ch] of channels.entries()) await reader.say(sub(index + 1, "live", { ch }));
  await world.clock.advanceAsync(50); // a slow store takes its time here too
  let n = 0;
  const publish = async (ch: string, count: number): Promise<void> => {
    for (let left = count; left > 0; left--) await writer.say(pub(++n, entryText, { ch, pn: 0 }));
  };
  for (const ch of channels) await publish(ch, 3 * perWindow);
  const turn = async (): Promise<void> => {
    await publish("busy/1", perWindow);
    await reader.ackAll();
    await world.clock.advanceAsync(50);
  };
  return { world, reader, turn };
}

/** How many entries of each channel came. */
function delivered(reader: FakeClient): number[] {
  const aliases = reader.of("subd").map(({ c }) => c);
  return aliases.map((alias) => reader.of("m").filter(({ c }) => c === alias).length);
}

/** A store that answers for the calm channels later than for the busy one. */
function slowForTheCalm(clock: FakeClock): Engine {
  return engineWith({}, (real) => {
    const read: Log["read"] = async (ch, query) => {
      const result = await real().read(ch, query);
      if (ch.startsWith("calm")) await new Promise<void>((resolve) => void clock.after(5, resolve));
      return result;
    };
    return { read };
  });
}

describe("a connection that takes less than one channel has", () => {
  it("lets its other channels have their turns, from rings", async () => {
    const { reader, turn } = await lagging({});
    for (let turns = 0; turns < 12; turns++) await turn();
    expect(delivered(reader).slice(1)).toEqual([3 * perWindow, 3 * perWindow]);
  });

  it("lets its other channels have their turns, from a store that is slow for them", async () => {
    const clock = new FakeClock();
    const { reader, turn } = await lagging({ clock, engine: slowForTheCalm(clock), limits: { ringCount: 1 } });
    for (let turns = 0; turns < 12; turns++) await turn();
    expect(delivered(reader).slice(1)).toEqual([3 * perWindow, 3 * perWindow]);
  });

  it("lets a channel read from the store have its turn beside one that is at hand", async () => {
    const clock = new FakeClock();
    const { reader, turn } = await lagging({ clock, engine: slowForTheCalm(clock), limits: { ringsBytes: 1 } });
    for (let turns = 0; turns < 12; turns++) await turn();
    expect(delivered(reader).slice(1)).toEqual([3 * perWindow, 3 * perWindow]);
  });
});
