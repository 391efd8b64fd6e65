// Checks of retention: by count, by age, and what stays true of a log that has lost its beginning, or everything.

import type { Pos } from "@heddle/protocol";
import { positionBefore } from "@heddle/hub/ports";
import { positions, type EngineCase } from "./bench.ts";
import { expectSame } from "./expect.ts";

const minuteMs = 60_000;
const three = { entries: 3, ageMs: 60 * minuteMs };
const young = { entries: 100, ageMs: minuteMs };

export const retentionCases: readonly EngineCase[] = [
  {
    title: "keeps as many entries as the channel says",
    async run(bench) {
      const all = await bench.fill("a", 10, { keep: three });
      const { entries, floor } = await bench.whole("a");
      expectSame("kept", positions(entries), all.slice(-3));
      expectSame("floor", floor.offset, all[6]?.offset);
    },
  },
  {
    title: "names the position before the oldest entry as the floor",
    async run(bench) {
      await bench.fill("a", 5, { keep: three });
      const { entries, floor } = await bench.whole("a");
      if (bench.engine.traits.prevTag) expectSame("floor", floor, entries[0] && positionBefore(entries[0]));
    },
  },
  {
    title: "keeps one entry when told to keep one",
    async run(bench) {
      const all = await bench.fill("a", 4, { keep: { ...three, entries: 1 } });
      expectSame("kept", positions((await bench.whole("a")).entries), all.slice(-1));
    },
  },
  {
    title: "keeps fewer from the append on that says so, and not more than are left",
    async run(bench) {
      const many = { ...three, entries: 100 };
      await bench.fill("a", 40, { keep: many });
      await bench.add("a", { keep: three });
      expectSame("fewer", (await bench.whole("a")).entries.length, 3);
      await bench.fill("a", 2, { keep: many });
      expectSame("more", (await bench.whole("a")).entries.length, 5);
    },
  },
  {
    title: "hides what is older than the channel keeps, without an append",
    needs: ["time"],
    async run(bench) {
      await bench.fill("a", 2, { keep: young });
      bench.clock.pass(minuteMs - 10_000);
      const later = await bench.fill("a", 2, { keep: young });
      bench.clock.pass(20_000);
      const { entries, floor } = await bench.whole("a");
      expectSame("kept", positions(entries), later);
      expectSame("floor", floor, entries[0] && positionBefore(entries[0]));
    },
  },
  {
    title: "reads a log of which everything expired as empty, with head and floor in one place",
    needs: ["time"],
    async run(bench) {
      const all = await bench.fill("a", 3, { keep: young });
      bench.clock.pass(2 * minuteMs);
      const { entries, head, floor } = await bench.whole("a");
      expectSame("read", [entries, head, floor], [[], all[2], all[2]]);
      expectSame("the head", (await bench.read("a", { after: all[2] as Pos })).proof, "linked");
      expectSame("behind it", (await bench.read("a", { after: all[1] as Pos })).proof, "trimmed");
    },
  },
  {
    title: "goes on behind the head of a log of which everything expired",
    needs: ["time"],
    async run(bench) {
      const all = await bench.fill("a", 3, { keep: young });
      bench.clock.pass(2 * minuteMs);
      const next = await bench.add("a", { keep: young });
      const { entries, proof } = await bench.read("a", { after: all[2] as Pos });
      expectSame("read", [positions(entries), proof], [[next], "linked"]);
    },
  },
  {
    title: "remembers a producer whose entry is no longer kept",
    async run(bench) {
      const dedup = bench.by("x", 1);
      const pos = await bench.add("a", { dedup, keep: { ...three, entries: 1 } });
      await bench.fill("a", 3, { keep: { ...three, entries: 1 } });
      const again = await bench.append("a", { dedup });
      expectSame("answer", again.s, "dup");
      if (again.s === "dup" && again.pos !== undefined) expectSame("position", again.pos, pos);
    },
  },
];
