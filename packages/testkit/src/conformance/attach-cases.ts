// Checks of attach: what a sink sees, when, and until when. And of heads and drop, which sinks notice.

import { rootTag, samePos, type Pos } from "@heddle/protocol";
import { positions, Listener, type EngineCase } from "./bench.ts";
import { expectSame, expectThat } from "./expect.ts";

/** The listener's entries without repetitions: the port allows them. */
function once(listener: Listener): Pos[] {
  return positions(listener.entries).filter(
    (pos, index, list) => list.findIndex((each) => samePos(each, pos)) === index,
  );
}

export const attachCases: readonly EngineCase[] = [
  {
    title: "shows entries appended after an attachment, in order",
    async run(bench) {
      const listener = new Listener();
      await bench.log.attach("a", listener);
      const appended = await bench.fill("a", 10);
      await bench.until("entries are shown", () => once(listener).length === 10);
      expectSame("shown", once(listener), appended);
    },
  },
  {
    title: "shows the same entries that a read returns",
    async run(bench) {
      const listener = new Listener();
      await bench.log.attach("a", listener);
      await bench.fill("a", 3);
      await bench.until("entries are shown", () => once(listener).length === 3);
      expectSame("shown", listener.entries.slice(0, 3), (await bench.whole("a")).entries);
    },
  },
  {
    title: "has an entry readable by the time it is shown",
    async run(bench) {
      const reads: Promise<boolean>[] = [];
      await bench.log.attach("a", {
        entry: (_gen, { pos }) =>
          void reads.push(bench.whole("a").then(({ entries }) => entries.some((entry) => samePos(entry.pos, pos)))),
        broken: () => undefined,
      });
      await bench.fill("a", 5);
      await bench.until("entries are shown", () => reads.length >= 5);
      expectThat("all were readable", (await Promise.all(reads)).every(Boolean));
    },
  },
  {
    title: "shows an entry to every sink of its channel and to no other",
    async run(bench) {
      const [one, two, other] = [new Listener(), new Listener(), new Listener()];
      await Promise.all([bench.log.attach("a", one), bench.log.attach("a", two), bench.log.attach("b", other)]);
      const pos = await bench.add("a");
      await bench.until("both are told", () => once(one).length === 1 && once(two).length === 1);
      expectSame("shown", [once(one), once(two), once(other)], [[pos], [pos], []]);
    },
  },
  {
    title: "shows entries with the generation the attachment was given",
    async run(bench) {
      const listener = new Listener();
      const { gen } = await bench.log.attach("a", listener);
      await bench.fill("a", 2);
      await bench.until("entries are shown", () => once(listener).length === 2);
      expectThat(
        "one generation",
        listener.generations.every((each) => each === gen),
      );
    },
  },
  {
    title: "shows nothing new once detached, and detaching twice does nothing",
    async run(bench) {
      const [gone, there] = [new Listener(), new Listener()];
      const attachment = await bench.log.attach("a", gone);
      await bench.log.attach("a", there);
      await bench.add("a");
      await bench.until("both are told", () => gone.entries.length > 0 && there.entries.length > 0);
      attachment.detach();
      attachment.detach();
      const shown = gone.entries.length;
      await bench.add("a");
      await bench.until("the other is told", () => once(there).length === 2);
      expectSame("shown to the detached", gone.entries.length, shown);
    },
  },
  {
    title: "shows no refused append",
    async run(bench) {
      const listener = new Listener();
      await bench.log.attach("a", listener);
      const dedup = bench.by("x", 1);
      const first = await bench.add("a", { dedup });
      await bench.append("a", { dedup });
      await bench.append("a", { dedup: bench.by("x", 7) });
      const last = await bench.add("a");
      await bench.until("entries are shown", () => once(listener).length === 2);
      expectSame("shown", once(listener), [first, last]);
    },
  },
  {
    title: "answers heads in the order asked, for used and unused channels",
    async run(bench) {
      const [a, b] = [await bench.add("a"), await bench.add("b")];
      const [headB, unused, headA, again] = await bench.log.heads(["b", "unused", "a", "b"]);
      expectSame("heads", [headB, headA, again], [b, a, b]);
      expectThat("an unused channel has an epoch", /^[A-Za-z0-9_-]{1,16}$/.test(unused?.epoch ?? ""));
      if (bench.engine.traits.offsets === "dense")
        expectSame("its root", unused && [unused.offset, unused.tag], [0, rootTag]);
    },
  },
  {
    title: "answers 256 heads in one call, and none",
    async run(bench) {
      const names = Array.from({ length: 256 }, (_, index) => `c${index}`);
      const heads = await bench.log.heads(names);
      expectSame("epochs", new Set(heads.map(({ epoch }) => epoch)).size, 256);
      expectSame("none", await bench.log.heads([]), []);
    },
  },
  {
    title: "gives a channel one epoch, whoever asks first and whatever else is asked at once",
    async run(bench) {
      const [heads, read, appended] = await Promise.all([
        bench.log.heads(["a"]),
        bench.whole("a"),
        bench.append("a"),
        bench.log.attach("a", new Listener()),
      ]);
      const epochs = [heads[0]?.epoch, read.head.epoch, appended.s === "new" ? appended.pos.epoch : ""];
      expectSame("epochs", new Set(epochs).size, 1);
    },
  },
  {
    title: "forgets entries, records and epoch with drop, and tells who listens",
    async run(bench) {
      const listener = new Listener();
      await bench.log.attach("a", listener);
      const dedup = bench.by("x", 1);
      const old = await bench.add("a", { dedup });
      await bench.log.drop("a");
      await bench.until("the sink is told", () => listener.breaks.length > 0);
      const after = await bench.whole("a");
      expectSame("entries", after.entries.length, 0);
      expectThat("another epoch", after.head.epoch !== old.epoch);
      expectSame("an old position", (await bench.read("a", { after: old })).proof, "diverged");
      await bench.add("a", { dedup });
      expectSame("entries", (await bench.whole("a")).entries.length, 1);
    },
  },
  {
    title: "shows what follows a drop to who attaches again",
    async run(bench) {
      await bench.fill("a", 2);
      await bench.log.drop("a");
      const listener = new Listener();
      await bench.log.attach("a", listener);
      const pos = await bench.add("a");
      await bench.until("it is shown", () => listener.entries.length > 0);
      expectSame("shown", once(listener), [pos]);
    },
  },
  {
    title: "drops a channel nobody used",
    async run(bench) {
      await bench.log.drop("never used");
      await bench.add("never used");
    },
  },
];
