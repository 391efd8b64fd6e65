// Checks of read: forwards, backwards, from the end; its bounds, and what a position proves.

import { samePos, type Pos } from "@heddle/protocol";
import type { ReadResult } from "@heddle/hub/ports";
import { positions, type Bench, type EngineCase } from "./bench.ts";
import { expectSame, expectThat } from "./expect.ts";

type Proof = ReadResult["proof"];

/** Reads relative to a log of six of which the last three are kept. */
function proofs(
  title: string,
  asked: (at: (index: number) => Pos, floor: Pos) => Pos,
  proof: Proof,
  count: number,
): EngineCase {
  return {
    title,
    async run(bench) {
      const all = await bench.fill("a", 6, { keep: { entries: 3, ageMs: 3_600_000 } });
      const at = (index: number): Pos => all[index - 1] as Pos;
      const { floor } = await bench.whole("a");
      const read = await bench.read("a", { after: asked(at, floor) });
      expectSame("proof", read.proof, proof);
      expectSame("entries", positions(read.entries), count === 0 ? [] : all.slice(-count));
      expectSame("head and floor", [read.head, read.floor], [at(6), floor]);
    },
  };
}

const page = async (bench: Bench, query: Parameters<Bench["read"]>[1]): Promise<[Pos[], boolean]> => {
  const { entries, more } = await bench.read("a", query);
  return [positions(entries), more];
};

export const readCases: readonly EngineCase[] = [
  {
    title: "reads an unused channel as empty, at its root",
    async run(bench) {
      const { entries, head, floor, more, proof } = await bench.whole("a");
      expectSame("read", [entries.filter(({ type }) => type === "data"), more, proof], [[], false, "linked"]);
      expectSame("head", await bench.head("a"), head);
      if (bench.engine.traits.offsets === "dense") expectSame("floor", floor, head);
    },
  },
  {
    title: "proves the root of an empty log, and reads on from it later",
    async run(bench) {
      const root = await bench.head("a");
      expectSame("empty", (await bench.read("a", { after: root })).proof, "linked");
      const all = await bench.fill("a", 2);
      const { entries, proof } = await bench.read("a", { after: root });
      expectSame("read", [positions(entries), proof], [all, "linked"]);
    },
  },
  {
    title: "reads after a position without the entry at it",
    async run(bench) {
      const all = await bench.fill("a", 5);
      expectSame("page", await page(bench, { after: all[1] as Pos }), [all.slice(2), false]);
    },
  },
  {
    title: "reads before a position with the entry at it, the newest page first",
    async run(bench) {
      const all = await bench.fill("a", 6);
      expectSame("page", await page(bench, { before: all[3] as Pos, limit: 2 }), [all.slice(2, 4), true]);
      expectSame("next", await page(bench, { before: all[1] as Pos, limit: 2 }), [all.slice(0, 2), false]);
    },
  },
  {
    title: "reads the last few in log order",
    async run(bench) {
      const all = await bench.fill("a", 5);
      expectSame("two", await page(bench, { last: 2 }), [all.slice(3), true]);
      expectSame("all", await page(bench, { last: 9 }), [all, false]);
    },
  },
  {
    title: "keeps to the smaller of `last` and `limit`",
    async run(bench) {
      const all = await bench.fill("a", 5);
      expectSame("page", await page(bench, { last: 4, limit: 2 }), [all.slice(3), true]);
    },
  },
  {
    title: "pages forwards with `limit` until there is no more",
    async run(bench) {
      const root = await bench.head("a");
      const all = await bench.fill("a", 7);
      const found: Pos[] = [];
      for (let after = root, more = true; more; after = found.at(-1) as Pos) {
        const read = await bench.read("a", { after, limit: 3 });
        found.push(...positions(read.entries));
        more = read.more;
      }
      expectSame("found", found, all);
    },
  },
  {
    title: "stops at about `bytes` and returns one entry at least, in each direction",
    async run(bench) {
      const root = await bench.head("a");
      const data = new Uint8Array(1_000);
      const all = await bench.fill("a", 4, { data });
      expectSame("after", await page(bench, { after: root, bytes: 1 }), [all.slice(0, 1), true]);
      expectSame("last", await page(bench, { last: 4, bytes: 1 }), [all.slice(3), true]);
      expectSame("before", await page(bench, { before: all[2] as Pos, bytes: 1 }), [all.slice(2, 3), true]);
      const some = await bench.read("a", { after: root, bytes: 2_500 });
      expectThat(
        `${some.entries.length} entries fit`,
        some.entries.length >= 1 && some.entries.length <= 3 && some.more,
      );
    },
  },
  {
    title: "goes on behind an entry larger than `bytes`",
    async run(bench) {
      const all = await bench.fill("a", 3, { data: new Uint8Array(5_000) });
      expectSame("page", await page(bench, { after: all[0] as Pos, bytes: 100 }), [all.slice(1, 2), true]);
    },
  },
  proofs("proves the head and reads nothing", (at) => at(6), "linked", 0),
  proofs("proves the floor and reads everything", (_at, floor) => floor, "linked", 3),
  proofs("proves a retained entry and reads on", (at) => at(4), "linked", 2),
  proofs("says `trimmed` below the floor", (at) => at(1), "trimmed", 0),
  proofs(
    "says `diverged` to another tag at a retained entry",
    (at) => ({ ...at(5), tag: at(5).tag ^ 1 }),
    "diverged",
    0,
  ),
  proofs("says `diverged` to another tag at the head", (at) => ({ ...at(6), tag: at(6).tag ^ 1 }), "diverged", 0),
  proofs("says `diverged` ahead of the head", (at) => ({ ...at(6), offset: at(6).offset + 1 }), "diverged", 0),
  proofs("says `diverged` to another epoch", (at) => ({ ...at(5), epoch: "other" }), "diverged", 0),
  {
    title: "says `trimmed` before a position of which nothing is kept, `diverged` before one that is not there",
    async run(bench) {
      const all = await bench.fill("a", 6, { keep: { entries: 2, ageMs: 3_600_000 } });
      const [second, fifth] = [all[1] as Pos, all[4] as Pos];
      expectSame("trimmed", (await bench.read("a", { before: second })).proof, "trimmed");
      expectSame("diverged", (await bench.read("a", { before: { ...fifth, tag: fifth.tag ^ 1 } })).proof, "diverged");
      expectSame("linked", (await bench.read("a", { before: fifth })).proof, "linked");
    },
  },
  {
    title: "reads one consistent state while others append and trim",
    async run(bench) {
      await bench.fill("a", 5, { keep: { entries: 5, ageMs: 3_600_000 } });
      const appending = Array.from({ length: 100 }, () =>
        bench.append("a", { keep: { entries: 5, ageMs: 3_600_000 } }),
      );
      const reads = await Promise.all(
        Array.from({ length: 30 }, async (_, index) => {
          for (let turn = 0; turn < index; turn++) await Promise.resolve();
          return bench.whole("a");
        }),
      );
      await Promise.all(appending);
      for (const { entries, head, floor } of [...reads, await bench.whole("a")]) {
        expectThat("no more than kept", entries.length <= 5 && entries.length > 0);
        const last = entries.at(-1)?.pos;
        expectThat("up to the head", last !== undefined && samePos(last, head));
        expectSame("from the floor", entries[0]?.prevOffset, floor.offset);
      }
    },
  },
];
