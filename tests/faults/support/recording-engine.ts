// An engine that writes down what it stores, before anybody can see it. Around any engine with dense offsets, changing
// nothing but how many appends of one channel are under way at once.

import type { Engine, Entry, Log } from "@heddle/hub/ports";
import type { Pos } from "@heddle/protocol";
import { channelNames, kindOf, type Recorder, type SimPayload } from "@heddle/testkit/simulation";

/** What is known of an entry both by who appends it and by who reads it. */
type Stored = Pick<Entry, "pos" | "prevOffset" | "id" | "data">;

/**
 * What a killed process stored and did not get to write down, its successor reads back: so no more may be under way on a
 * channel than it keeps, and than this.
 */
const underWayMost = 200;
const unwrittenMost = (ch: string): number => Math.min(underWayMost, kindOf(ch)?.entries ?? underWayMost);

export function recordingEngine(engine: Engine, recorder: Recorder): Engine {
  if (engine.traits.offsets !== "dense")
    throw new Error(`${engine.name}: predecessors are not known of sparse offsets`);
  /** Places that were written down. */
  const recorded = new Set<string>();
  const inTurn = newTurns();
  const stored = (ch: string, { pos, prevOffset, id, data }: Stored): void => {
    const place = placeOf(ch, pos);
    const entries = kindOf(ch)?.entries;
    if (entries === undefined || recorded.has(place)) return;
    recorded.add(place);
    const { h } = JSON.parse(new TextDecoder().decode(data)) as SimPayload;
    recorder.record({ f: "stored", ch, pos, prevOffset, floor: Math.max(0, pos.offset - entries), id, hash: h });
  };
  const around = (log: Log): Log => ({
    attach: (ch, sink) =>
      log.attach(ch, {
        entry(gen, entry) {
          stored(ch, entry);
          sink.entry(gen, entry);
        },
        broken: (gen, why) => sink.broken(gen, why),
      }),
    async append(ch, draft) {
      return inTurn(ch, async () => {
        const result = await log.append(ch, draft);
        // Perhaps nobody is attached who would have been shown it.
        if (result.s === "new") stored(ch, { ...draft, pos: result.pos, prevOffset: result.pos.offset - 1 });
        return result;
      });
    },
    async read(ch, query) {
      const result = await log.read(ch, query);
      // Where several servers share a store, what one of them did not get to write down another one may show.
      for (const entry of result.entries) stored(ch, entry);
      return result;
    },
    heads: (chs) => log.heads(chs),
    drop: (ch) => log.drop(ch),
  });
  return {
    name: engine.name,
    traits: engine.traits,
    get log() {
      return around(engine.log);
    },
    get bus() {
      return engine.bus;
    },
    get registry() {
      return engine.registry;
    },
    async start(env) {
      await engine.start(env);
      for (const ch of channelNames) {
        const last = unwrittenMost(ch);
        const { entries } = await engine.log.read(ch, { last, limit: last, bytes: 10_000_000 });
        for (const entry of entries) stored(ch, entry);
      }
    },
    stop: () => engine.stop(),
  };
}

/** Names a place in the logs of all channels. */
export const placeOf = (ch: string, { epoch, offset, tag }: Pos): string => `${ch} ${epoch} ${offset} ${tag}`;

/** Lets no more than `unwrittenMost` tasks of a channel run at once; the others begin in the order they came. */
function newTurns(): <T>(ch: string, task: () => Promise<T>) => Promise<T> {
  const running = new Map<string, number>();
  const waiting = new Map<string, (() => void)[]>();
  return async (ch, task) => {
    const count = running.get(ch) ?? 0;
    if (count < unwrittenMost(ch)) running.set(ch, count + 1);
    else await new Promise<void>((begin) => waiting.set(ch, [...(waiting.get(ch) ?? []), begin]));
    try {
      return await task();
    } finally {
      const next = waiting.get(ch)?.shift();
      if (next === undefined) running.set(ch, (running.get(ch) ?? 0) - 1);
      else next(); // takes the place
    }
  };
}
