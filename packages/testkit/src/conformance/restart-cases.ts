// Checks of engines whose logs outlive the process: a restart in order changes nothing anybody could see.

import type { Pos } from "@heddle/protocol";
import { positions, Listener, type EngineCase } from "./bench.ts";
import { expectSame } from "./expect.ts";

const needs = ["restart"] as const;
const keep = { entries: 3, ageMs: 3_600_000 };

export const restartCases: readonly EngineCase[] = [
  {
    title: "has epoch, head, floor and entries after a restart",
    needs,
    async run(bench) {
      await bench.fill("a", 7, { keep });
      const before = await bench.whole("a");
      await bench.restart();
      expectSame("read", await bench.whole("a"), before);
      expectSame("head", await bench.head("a"), before.head);
    },
  },
  {
    title: "proves positions from before a restart, and reads on from them",
    needs,
    async run(bench) {
      const all = await bench.fill("a", 6, { keep });
      await bench.restart();
      const next = await bench.add("a", { keep: { ...keep, entries: 10 } });
      const { entries, proof } = await bench.read("a", { after: all[4] as Pos });
      expectSame("read", [positions(entries), proof], [[all[5], next], "linked"]);
      expectSame("trimmed", (await bench.read("a", { after: all[0] as Pos })).proof, "trimmed");
    },
  },
  {
    title: "keeps the epoch of a channel that is still empty",
    needs,
    async run(bench) {
      const root = await bench.head("a");
      await bench.restart();
      expectSame("root", await bench.head("a"), root);
    },
  },
  {
    title: "recognises after a restart what was published before it",
    needs,
    async run(bench) {
      const dedup = bench.by("x", 1);
      const byKey = { by: "key", key: "k", hash: "h" } as const;
      const [first, second] = [await bench.add("a", { dedup }), await bench.add("a", { dedup: byKey })];
      await bench.restart();
      expectSame("producer", await bench.append("a", { dedup }), { s: "dup", pos: first });
      expectSame("key", await bench.append("a", { dedup: byKey }), { s: "dup", pos: second });
      expectSame("content", (await bench.append("a", { dedup: bench.by("x", 1, { hash: "o" }) })).s, "idReused");
      expectSame("order", (await bench.append("a", { dedup: bench.by("x", 3) })).s, "outOfOrder");
      await bench.add("a", { dedup: bench.by("x", 2) });
    },
  },
  {
    title: "forgets records after their window although it was restarted",
    needs: ["restart", "time"],
    async run(bench) {
      const dedup = bench.by("x", 1);
      await bench.add("a", { dedup });
      bench.clock.pass(bench.engine.traits.dedupWindowMs - 10_000);
      await bench.restart();
      expectSame("within", (await bench.append("a", { dedup })).s, "dup");
      bench.clock.pass(11_000);
      expectSame("after", (await bench.append("a", { dedup })).s, "new");
    },
  },
  {
    title: "hides what grew too old while it was stopped",
    needs: ["restart", "time"],
    async run(bench) {
      await bench.fill("a", 3, { keep: { entries: 100, ageMs: 60_000 } });
      const { head } = await bench.whole("a");
      bench.clock.pass(120_000);
      await bench.restart();
      const { entries, floor } = await bench.whole("a");
      expectSame("read", [entries, floor], [[], head]);
    },
  },
  {
    title: "does not bring back what was dropped",
    needs,
    async run(bench) {
      const old = await bench.add("a");
      await bench.log.drop("a");
      const { epoch } = await bench.head("a");
      await bench.restart();
      const { entries, head } = await bench.whole("a");
      expectSame("read", [entries, head.epoch], [[], epoch]);
      expectSame("old position", (await bench.read("a", { after: old })).proof, "diverged");
    },
  },
  {
    title: "keeps a thousand channels apart over a restart",
    needs,
    async run(bench) {
      const names = Array.from({ length: 1_000 }, (_, index) => `room/${index}`);
      const heads = await Promise.all(names.map((name) => bench.add(name)));
      await bench.restart();
      const found: Pos[] = [];
      for (let from = 0; from < names.length; from += 250)
        found.push(...(await bench.log.heads(names.slice(from, from + 250))));
      expectSame("heads", found, heads);
    },
  },
  {
    title: "shows entries to who attaches after a restart",
    needs,
    async run(bench) {
      await bench.add("a");
      await bench.restart();
      const listener = new Listener();
      await bench.log.attach("a", listener);
      const pos = await bench.add("a");
      await bench.until("it is shown", () => listener.entries.length > 0);
      expectSame("shown", positions(listener.entries), [pos]);
    },
  },
  {
    title: "survives three restarts with appends in between as one log",
    needs,
    async run(bench) {
      const all: Pos[] = [];
      for (let run = 0; run < 3; run++) {
        all.push(...(await bench.fill("a", 4)));
        await bench.restart();
      }
      expectSame("log", positions((await bench.whole("a")).entries), all);
    },
  },
];
