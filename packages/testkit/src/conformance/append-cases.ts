// Checks of append: order, links, the five answers to a repetition, expectations, and what is stored.

import { rootTag, samePos, type Pos } from "@heddle/protocol";
import { positionBefore, type Dedup } from "@heddle/hub/ports";
import { positions, type Bench, type Content, type EngineCase } from "./bench.ts";
import { expectSame, expectThat } from "./expect.ts";

const hourMs = 3_600_000;

/** One answer to an append behind two publishes of producer x. */
function answer(title: string, dedup: (bench: Bench) => Dedup, wanted: "dup" | "idReused" | "outOfOrder" | "new") {
  return {
    title,
    async run(bench: Bench): Promise<void> {
      await bench.add("a", { dedup: bench.by("x", 1) });
      const second = await bench.add("a", { dedup: bench.by("x", 2) });
      const appended = await bench.append("a", { dedup: dedup(bench) });
      expectSame("answer", appended.s, wanted);
      if (appended.s === "dup" && appended.pos !== undefined) expectSame("position", appended.pos, second);
      const { entries } = await bench.whole("a");
      expectSame("entries", entries.length, wanted === "new" ? 3 : 2);
    },
  };
}

export const appendCases: readonly EngineCase[] = [
  {
    title: "answers a new append with a position in the log's epoch and with the draft's tag",
    async run(bench) {
      const { epoch } = await bench.head("a");
      const pos = await bench.add("a", { tag: 77 });
      expectSame("epoch and tag", [pos.epoch, pos.tag], [epoch, 77]);
      expectSame("head", await bench.head("a"), pos);
    },
  },
  {
    title: "gives rising offsets, dense where its traits say so",
    async run(bench) {
      const offsets = (await bench.fill("a", 20)).map(({ offset }) => offset);
      for (let index = 1; index < offsets.length; index++) {
        const step = (offsets[index] as number) - (offsets[index - 1] as number);
        expectThat(`offsets ${offsets.join()} rise`, step > 0);
        if (bench.engine.traits.offsets === "dense") expectSame("step", step, 1);
      }
    },
  },
  {
    title: "links every entry to its predecessor, the first one to the root",
    async run(bench) {
      await bench.fill("a", 5);
      const { entries } = await bench.whole("a");
      const data = entries.filter(({ type }) => type === "data");
      expectSame("entries", data.length, 5);
      if (bench.engine.traits.offsets === "dense") {
        const [first] = entries;
        expectSame("before the first", first && [first.prevOffset, first.prevTag], [0, rootTag]);
      }
      for (let index = 1; index < entries.length; index++) {
        const [before, entry] = [entries[index - 1], entries[index]];
        if (before === undefined || entry === undefined) continue;
        expectSame("predecessor's offset", entry.prevOffset, before.pos.offset);
        if (bench.engine.traits.prevTag) expectSame("predecessor", positionBefore(entry), before.pos);
      }
    },
  },
  {
    title: "stores the whole content as it was given",
    async run(bench) {
      const content: Content = {
        ...{ id: "x:1", event: "über", key: "schlüssel", user: "u1", traceparent: "00-a-b-01" },
        kind: "bytes",
        data: Uint8Array.from({ length: 256 }, (_, byte) => byte),
      };
      await bench.add("a", content);
      const [entry] = (await bench.whole("a")).entries;
      expectThat("there is an entry", entry !== undefined);
      for (const [field, value] of Object.entries(content)) expectSame(field, entry?.[field as keyof Content], value);
    },
  },
  {
    title: "stores empty data, and data of 64 KiB",
    async run(bench) {
      await bench.add("a", { data: new Uint8Array() });
      await bench.add("a", { data: new Uint8Array(65_536).fill(7) });
      const { entries } = await bench.whole("a");
      expectSame(
        "sizes",
        entries.map(({ data }) => data.length),
        [0, 65_536],
      );
      expectThat("bytes are kept", entries[1]?.data.every((byte) => byte === 7) === true);
    },
  },
  {
    title: "stamps entries with its wall clock",
    needs: ["time"],
    async run(bench) {
      const before = bench.clock.wallMs();
      await bench.add("a");
      bench.clock.pass(5_000);
      await bench.add("a");
      const [first, second] = (await bench.whole("a")).entries.map(({ ts }) => ts - before);
      expectThat(`first after ${first} ms`, first !== undefined && first >= -1 && first < 4_000);
      expectThat(`second after ${second} ms`, second !== undefined && second >= 4_999);
    },
  },
  {
    title: "keeps channels apart: logs, epochs and records",
    async run(bench) {
      const dedup = bench.by("x", 1);
      const [a, b] = [await bench.add("a", { dedup }), await bench.add("b", { dedup })];
      expectThat("epochs differ", a.epoch !== b.epoch);
      expectSame("entries of a", positions((await bench.whole("a")).entries), [a]);
    },
  },
  {
    title: "takes names of 255 bytes and of any characters as they are",
    async run(bench) {
      const names = ["é".repeat(127), "$user/1", "a!b", "a/b", "a"];
      const heads: Pos[] = [];
      for (const name of names) heads.push(await bench.add(name));
      expectSame("heads", await bench.log.heads(names), heads);
    },
  },
  answer("answers `dup` to the same number and content", (bench) => bench.by("x", 2), "dup"),
  answer("answers `dup` to a number below the last", (bench) => bench.by("x", 1), "dup"),
  answer(
    "answers `idReused` to the same number with other content",
    (bench) => bench.by("x", 2, { hash: "other" }),
    "idReused",
  ),
  answer("answers `outOfOrder` when the number named before is missing", (bench) => bench.by("x", 4), "outOfOrder"),
  answer("appends a number that skips what was given up", (bench) => bench.by("x", 9, { prev: 2 }), "new"),
  answer("answers `outOfOrder` to a stranger who names a number before", (bench) => bench.by("y", 2), "outOfOrder"),
  answer("appends another producer's same number", (bench) => bench.by("y", 1), "new"),
  {
    title: "recognises a key, and a producer of the same name is somebody else",
    async run(bench) {
      const dedup = { by: "key", key: "order 7", hash: "h" } as const;
      const pos = await bench.add("a", { dedup });
      expectSame("again", await bench.append("a", { dedup }), { s: "dup", pos });
      expectSame("other content", await bench.append("a", { dedup: { ...dedup, hash: "i" } }), { s: "idReused" });
      await bench.add("a", { dedup: bench.by("order 7", 1) });
    },
  },
  {
    title: "decides in the order of the calls, without waiting for answers",
    async run(bench) {
      const numbers = Array.from({ length: 50 }, (_, index) => index + 1);
      const answers = await Promise.all(
        numbers.map((n) => bench.append("a", { dedup: bench.by("x", n), id: `x:${n}` })),
      );
      expectThat(
        "all are new",
        answers.every(({ s }) => s === "new"),
      );
      const { entries } = await bench.whole("a");
      expectSame(
        "order",
        entries.map(({ id }) => id),
        numbers.map((n) => `x:${n}`),
      );
    },
  },
  {
    title: "appends one of two equal publishes under way at once",
    async run(bench) {
      const dedup = bench.by("x", 1);
      const answers = await Promise.all([bench.append("a", { dedup }), bench.append("a", { dedup })]);
      expectSame("answers", answers.map(({ s }) => s).sort(), ["dup", "new"]);
      expectSame("entries", (await bench.whole("a")).entries.length, 1);
    },
  },
  {
    title: "forgets a producer after the window and not before",
    needs: ["time"],
    async run(bench) {
      const { dedupWindowMs } = bench.engine.traits;
      const dedup = bench.by("x", 1);
      const keep = { entries: 100, ageMs: 4 * hourMs };
      await bench.add("a", { dedup, keep });
      bench.clock.pass(dedupWindowMs - 10_000);
      expectSame("within", (await bench.append("a", { dedup, keep })).s, "dup");
      bench.clock.pass(11_000);
      expectSame("after", (await bench.append("a", { dedup, keep })).s, "new");
    },
  },
  {
    title: "prolongs a producer's record with every publish",
    needs: ["time"],
    async run(bench) {
      const { dedupWindowMs } = bench.engine.traits;
      for (let n = 1; n <= 3; n++) {
        await bench.add("a", { dedup: bench.by("x", n) });
        bench.clock.pass(dedupWindowMs - 10_000);
      }
      expectSame("the last one", (await bench.append("a", { dedup: bench.by("x", 3) })).s, "dup");
    },
  },
  {
    title: "appends behind the expected position, also the root",
    async run(bench) {
      const root = await bench.head("a");
      const first = await bench.add("a", { expect: root });
      await bench.add("a", { expect: first });
    },
  },
  ...(["epoch", "offset", "tag"] as const).map((part): EngineCase => {
    return {
      title: `refuses when the expected position has another ${part}, and names the head`,
      async run(bench) {
        const [first, head] = (await bench.fill("a", 2)) as [Pos, Pos];
        const wrong = { epoch: { ...head, epoch: "other" }, offset: first, tag: { ...head, tag: head.tag ^ 1 } }[part];
        if (!bench.engine.traits.cas) return;
        expectSame("answer", await bench.append("a", { expect: wrong }), { s: "conflict", head });
        expectSame("head", await bench.head("a"), head);
      },
    };
  }),
  {
    title: "lets one of many win who expect the same position",
    async run(bench) {
      if (!bench.engine.traits.cas) return;
      const root = await bench.head("a");
      const answers = await Promise.all(Array.from({ length: 10 }, () => bench.append("a", { expect: root })));
      const won = answers.filter(({ s }) => s === "new");
      expectSame("winners", won.length, 1);
      const head = await bench.head("a");
      for (const lost of answers.filter(({ s }) => s === "conflict"))
        expectThat("the loser is told the head", lost.s === "conflict" && samePos(lost.head, head));
    },
  },
  {
    title: "answers a repeated publish `dup` even when what it expected is long gone",
    async run(bench) {
      const expect = await bench.head("a");
      const dedup = bench.by("x", 1);
      const pos = await bench.add("a", { dedup, expect });
      await bench.fill("a", 2);
      expectSame("again", await bench.append("a", { dedup, expect }), { s: "dup", pos });
    },
  },
];
