import { FakeClock, SeededRandom } from "@heddle/base/fakes";
import { memoryEngine, MemoryStore } from "@heddle/hub/memory";
import type { Draft, Engine } from "@heddle/hub/ports";
import { Recorder } from "@heddle/testkit/simulation";
import { expect, it } from "vitest";
import { recordingEngine } from "./support/recording-engine.ts";

/** Keeps ten entries. */
const channel = "quote/1";
const keptCount = 10;
const burstCount = 30;

const draft = (n: number): Draft => ({
  ...{ tag: n + 1, epochIfNone: "e", keep: { entries: keptCount, ageMs: 60_000 }, id: `x:${n}`, event: "message" },
  ...{ key: "", user: "", traceparent: "", kind: "json", data: new TextEncoder().encode(`{"h":"m${n}"}`) },
  dedup: { by: "producer", x: "x", n, prev: n - 1, hash: `m${n}` },
});

/** Begins an engine and a burst of appends, with nobody attached who is shown them. */
async function burst(engine: Engine): Promise<{ recorder: Recorder; answers: Promise<unknown> }> {
  const recorder = new Recorder(new FakeClock());
  const recording = recordingEngine(engine, recorder);
  await recording.start({ clock: new FakeClock(), random: new SeededRandom(1) });
  const answers = Promise.all(
    Array.from({ length: burstCount }, (_, index) => recording.log.append(channel, draft(index + 1))),
  );
  return { recorder, answers };
}

const storedIn = ({ history }: Recorder): string[] =>
  history.flatMap((event) => (event.f === "stored" ? [`${event.pos.offset} ${event.prevOffset} ${event.hash}`] : []));
const upTo = (count: number): string[] => Array.from({ length: count }, (_, n) => `${n + 1} ${n} m${n + 1}`);

it("writes down every entry of a burst, also those that are trimmed before anybody reads", async () => {
  const { recorder, answers } = await burst(memoryEngine());
  await answers;
  expect(storedIn(recorder)).toEqual(upTo(burstCount));
});

it("finds, after a restart, all that was stored and not written down", async () => {
  const store = new MemoryStore();
  const engine = memoryEngine({ store, node: "a" });
  await engine.start({ clock: new FakeClock(), random: new SeededRandom(1) });
  // Stores, and is killed before it hears of it.
  const { append, ...log } = engine.log;
  const silent = {
    ...log,
    append: (ch: string, what: Draft) => append(ch, what).then(() => new Promise<never>(() => {})),
  };
  const { name, traits, bus, registry } = engine;
  const { recorder } = await burst({
    name,
    traits,
    bus,
    registry,
    log: silent,
    start: async () => {},
    stop: async () => {},
  });
  await new Promise(setImmediate);
  expect(storedIn(recorder)).toEqual([]);
  const next = new Recorder(new FakeClock());
  await recordingEngine(memoryEngine({ store, node: "b" }), next).start({
    clock: new FakeClock(),
    random: new SeededRandom(2),
  });
  expect(storedIn(next)).toEqual(upTo(keptCount));
});
