import { describe, expect, it } from "vitest";
import { FakeClock, SeededRandom } from "@heddle/base/fakes";
import { MemoryStore, memoryEngine } from "../memory/index.ts";
import {
  EngineError,
  newCounters,
  type Draft,
  type Engine,
  type Entry,
  type ReadResult,
  type Sink,
} from "../ports/index.ts";
import { ChannelLog, logStates, logTransitions } from "./channel-log.ts";
import { Ring } from "./ring.ts";

const draft = (n: number, over: Partial<Draft> = {}): Draft => ({
  tag: 1_000 + n,
  epochIfNone: "E",
  dedup: { by: "producer", x: "x", n, prev: n - 1, hash: `${n}` },
  keep: { entries: 1_000, ageMs: 1e9 },
  ...{ id: `x:${n}`, event: "e", key: "", user: "", traceparent: "", kind: "json" as const },
  data: new TextEncoder().encode(String(n)),
  ...over,
});

/** A log over a store whose pushes the test lets through, drops, repeats or breaks. */
async function attached(options: { wrap?: (engine: Engine) => Partial<Engine["log"]> } = {}) {
  const clock = new FakeClock();
  const engine = memoryEngine({ store: new MemoryStore(), node: "n" });
  await engine.start({ clock, random: new SeededRandom(5) });
  const real = engine.log;
  const link = { sink: undefined as Sink | undefined, gen: 0, isDropping: false, isDown: false };
  const over = options.wrap?.(engine) ?? {};
  const log: Engine["log"] = {
    ...real,
    attach: async (channel, sink) => {
      if (link.isDown) throw new EngineError("unreachable", "down");
      const gen = ++link.gen;
      link.sink = sink;
      const attachment = await real.attach(channel, {
        entry: (_gen, entry) => !link.isDropping && sink.entry(gen, entry),
        broken: (_gen, why) => sink.broken(gen, why),
      });
      return { gen, detach: () => attachment.detach() };
    },
    ...over,
  };
  const wrapped = { ...engine, traits: engine.traits, log } as Engine;
  const accepted: Entry[] = [];
  const replaced: ReadResult[] = [];
  const statuses: string[] = [];
  const counters = newCounters();
  const ring = new Ring(1, { countMax: 100, bytesMax: 1e6 }, { bytesMax: 1e9, bytes: 0 });
  const channelLog = new ChannelLog("c", { engine: wrapped, clock, counters }, ring, {
    accepted: (entry) => void accepted.push(entry),
    replaced: (read) => void replaced.push(read),
    status: (status) => void statuses.push(status),
  });
  await clock.settle();
  const append = async (n: number, over: Partial<Draft> = {}): Promise<void> => {
    await real.append("c", draft(n, over));
    await clock.settle();
  };
  return { clock, link, real, channelLog, accepted, replaced, statuses, counters, append };
}

const texts = (entries: readonly Entry[]): string[] => entries.map(({ data }) => new TextDecoder().decode(data));

describe("the log's state table", () => {
  it("leads where it says and ignores the rest", () => {
    expect(logStates.map((state) => [state, logTransitions[state]])).toMatchInlineSnapshot(`
      [
        [
          "attaching",
          {
            "broken": "degraded",
            "detach": "detached",
            "spliced": "live",
          },
        ],
        [
          "live",
          {
            "broken": "degraded",
            "detach": "detached",
            "misfit": "repair",
          },
        ],
        [
          "degraded",
          {
            "attached": "repair",
            "detach": "detached",
          },
        ],
        [
          "repair",
          {
            "broken": "degraded",
            "detach": "detached",
            "spliced": "live",
          },
        ],
        [
          "detached",
          {},
        ],
      ]
    `);
  });
});

describe("a channel log", () => {
  it("accepts what follows and drops what is repeated", async () => {
    const { append, accepted, link, channelLog } = await attached();
    await append(1);
    await append(2);
    link.sink?.entry(link.gen, accepted[0] as Entry);
    expect(texts(accepted)).toEqual(["1", "2"]);
    expect(channelLog.state).toBe("live");
  });

  it("repairs a hole by one read, in order", async () => {
    const { append, accepted, link, counters, statuses } = await attached();
    await append(1);
    link.isDropping = true;
    await append(2);
    await append(3);
    link.isDropping = false;
    await append(4);
    expect(texts(accepted)).toEqual(["1", "2", "3", "4"]);
    expect(counters.repairs).toBe(1);
    expect(statuses.at(-1)).toBe("live");
  });

  it("finds a lost last message when told that the store is ahead", async () => {
    const { append, accepted, link, channelLog, clock } = await attached();
    link.isDropping = true;
    await append(1);
    channelLog.suspect();
    await clock.settle();
    expect(texts(accepted)).toEqual(["1"]);
  });

  it("drops entries of a link that is no more and brings back what was lost with it", async () => {
    const { append, accepted, link, channelLog, clock, statuses } = await attached();
    await append(1);
    const oldGen = link.gen;
    link.isDropping = true;
    link.isDown = true;
    link.sink?.broken(oldGen, "cut");
    await append(2);
    expect(channelLog.state).toBe("degraded");
    link.sink?.entry(oldGen, { ...(accepted[0] as Entry), pos: { epoch: "x", offset: 9, tag: 9 } });
    link.isDown = link.isDropping = false;
    await clock.advanceAsync(5_000);
    expect(channelLog.state).toBe("live");
    expect(texts(accepted)).toEqual(["1", "2"]);
    expect(statuses).toEqual(["live", "degraded", "live"]);
  });

  it("asks the store when an entry at or below the head is not the one held, and reports the replacement", async () => {
    const { append, accepted, replaced, link, real, channelLog, clock } = await attached();
    await append(1);
    await append(2);
    await real.drop("c"); // a new epoch
    await append(1, { tag: 77, data: new TextEncoder().encode("other") });
    await clock.advanceAsync(1_000);
    expect(replaced).toHaveLength(1);
    expect(replaced[0]?.proof).toBe("diverged");
    expect(channelLog.head.offset).toBe(1);
    link.sink?.entry(link.gen, accepted[1] as Entry); // the old branch speaks up again
    await clock.advanceAsync(5_000);
    expect(channelLog.state).toBe("live");
    expect(channelLog.head.tag).toBe(77);
  });

  it("holds what is pushed while it attaches and joins it without a hole", async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const setup = attached({
      wrap: ({ log }) => ({
        read: async (channel, query) => {
          const read = await log.read(channel, query);
          await gate;
          return read;
        },
      }),
    });
    const { append, channelLog, clock } = await setup;
    await append(1);
    await append(2);
    expect(channelLog.isReady).toBe(false);
    release();
    await clock.settle();
    expect(channelLog.head.offset).toBe(2);
    expect(channelLog.state).toBe("live");
  });
});
