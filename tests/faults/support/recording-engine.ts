// An engine that writes down what it stores, before anybody can see it. Around any engine, changing nothing.

import type { Engine, Entry, Log } from "@heddle/hub/ports";
import type { Pos } from "@heddle/protocol";
import { channelNames, kindOf, type Recorder, type SimPayload } from "@heddle/testkit/simulation";

/** Enough to find everything a killed process stored and did not get to write down. */
const readBackCount = 200;

export function recordingEngine(engine: Engine, recorder: Recorder): Engine {
  /** What was written down, as `channel epoch offset`. */
  const recorded = new Set<string>();
  const stored = (ch: string, { pos, prevOffset, id, data, type }: Entry): void => {
    const place = placeOf(ch, pos);
    const entries = kindOf(ch)?.entries;
    if (type !== "data" || entries === undefined || recorded.has(place)) return;
    recorded.add(place);
    const { h } = JSON.parse(new TextDecoder().decode(data)) as SimPayload;
    recorder.record({ f: "stored", ch, pos, prevOffset, floor: Math.max(0, pos.offset - entries), id, hash: h });
  };
  const readBack = async (ch: string): Promise<void> => {
    const last = Math.min(readBackCount, kindOf(ch)?.entries ?? 1);
    const { entries } = await engine.log.read(ch, { last, limit: last, bytes: 10_000_000 });
    for (const entry of entries) stored(ch, entry);
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
      const result = await log.append(ch, draft);
      // Nobody is attached who would have been shown it.
      const isUnseen = result.s === "new" && !recorded.has(placeOf(ch, result.pos));
      if (isUnseen && kindOf(ch) !== undefined) await readBack(ch);
      return result;
    },
    read: (ch, query) => log.read(ch, query),
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
      for (const ch of channelNames) await readBack(ch); // what an earlier process stored
    },
    stop: () => engine.stop(),
  };
}

/** Names a place in the logs of all channels. */
export const placeOf = (ch: string, { epoch, offset }: Pos): string => `${ch} ${epoch} ${offset}`;
