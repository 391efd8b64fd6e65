// Histories about what publishers and readers are promised: acknowledgements, their order, reading one's own writes.

import { at, entry } from "./history-builder.ts";
import type { HistoryCase } from "./history-case.ts";

export const promiseCases: readonly HistoryCase[] = [
  {
    invariant: "ack-truth",
    title: "an acknowledged publish that is nowhere",
    write(h, isBad) {
      h.published(1).pub(2);
      if (!isBad) h.stored(2);
      h.ok(2);
    },
  },
  {
    invariant: "ack-truth",
    title: "an acknowledged publish lost without a fault that may lose it",
    write(h, isBad) {
      h.published(1).pub(2).ok(2);
      h.fault(isBad ? "cut" : "failover");
    },
  },
  {
    invariant: "ack-truth",
    title: "an acknowledgement in an epoch nobody saw",
    write(h, isBad) {
      h.published(1).pub(2);
      if (!isBad) h.stored(2);
      h.ok(2, { pos: isBad ? at(2, "z") : at(2) });
    },
  },
  {
    invariant: "ack-truth",
    title: "a publish that was accepted twice",
    write(h, isBad) {
      h.published(1).attempted(2);
      h.stored(2, { hash: isBad ? "m1" : "m2" });
    },
  },
  {
    invariant: "ack-truth",
    title: "a refused publish that stands in the log",
    write(h, isBad) {
      h.pub(1, { mayFailWith: [306] }).stored(1);
      if (isBad) h.fail(1, 306);
      else h.ok(1);
    },
  },
  {
    invariant: "ack-truth",
    title: "a publish that was lost with its log, and refused when it came again, though the log is still there",
    write(h, isBad) {
      h.pub(1, { mayFailWith: [306] }).stored(1);
      h.fault("store-lost");
      if (!isBad) h.published(2, { pos: at(1, "f") });
      h.fail(1, 306);
    },
  },
  {
    invariant: "ack-truth",
    title: "a refused publish that was delivered",
    write(h, isBad) {
      h.pub(1, { mayFailWith: [306] });
      if (isBad) h.fail(1, 306);
      else h.unknown(1);
      h.sub().subscribed(0).deliver(1);
    },
  },
  {
    invariant: "ack-truth",
    title: "a refused publish in a page of history",
    write(h, isBad) {
      h.pub(1, { mayFailWith: [306] });
      if (isBad) h.fail(1, 306);
      else h.unknown(1);
      h.ask().page(1);
    },
  },
  {
    invariant: "ack-truth",
    title: "a delivery nobody published",
    write(h, isBad) {
      h.attempted(isBad ? 2 : 1);
      h.sub().subscribed(0).deliver(1);
    },
  },
  {
    invariant: "ack-truth",
    title: "an entry of the log nobody published",
    write(h, isBad) {
      h.attempted(isBad ? 2 : 1);
      h.stored(1);
    },
  },
  {
    invariant: "ack-truth",
    title: "a volatile delivery nobody published",
    write(h, isBad) {
      h.add({ f: "pub-volatile", proc: "a", ch: isBad ? "hall" : "room", hash: "typing" }).sub({ mode: "volatile" });
      h.add({ f: "volatile", sub: "s", hash: "typing" });
    },
  },
  {
    invariant: "ack-truth",
    title: "an answer as a duplicate whose content is nowhere",
    write(h, isBad) {
      h.pub(1);
      if (!isBad) h.stored(1);
      h.ok(1, { isDup: true, pos: undefined });
    },
  },
  {
    invariant: "fifo",
    title: "publishes that stand in another order than they were asked for",
    write(h, isBad) {
      h.pub(1, { isOrdered: isBad }).pub(2);
      h.stored(2, { pos: at(1) }).ok(2, { pos: at(1) });
      h.stored(1, { pos: at(2) }).ok(1, { pos: at(2) });
    },
  },
  {
    invariant: "fifo",
    title: "a reversal even when another publisher's entry stands between",
    write(h, isBad) {
      h.pub(1)
        .pub(2, { proc: isBad ? "a" : "b" })
        .pub(3, { proc: "b" });
      for (const [index, n] of [2, 3, 1].entries()) h.stored(n, { pos: at(index + 1) }).ok(n, { pos: at(index + 1) });
    },
  },
  {
    invariant: "fifo",
    title: "an unknown publish behind a later one where order is strict",
    write(h, isBad) {
      h.given({ fifo: isBad ? "strict" : "settled" })
        .pub(1)
        .pub(2);
      h.stored(2, { pos: at(1) })
        .ok(2, { pos: at(1) })
        .unknown(1)
        .stored(1, { pos: at(2) });
    },
  },
  {
    invariant: "fifo",
    title: "two answered publishes in another order, on whatever engine",
    write(h, isBad) {
      h.given({ fifo: "settled" });
      if (isBad) h.pub(1).pub(2);
      else h.pub(2).pub(1);
      h.stored(2, { pos: at(1) }).ok(2, { pos: at(1) });
      h.stored(1, { pos: at(2) }).ok(1, { pos: at(2) });
    },
  },
  {
    invariant: "fifo",
    title: "a publish that stands behind a later one although nothing took it first",
    write(h, isBad) {
      h.given({ fifo: "settled", hasPhantoms: true }).fault("failover").pub(1).pub(2);
      if (!isBad) h.add({ f: "lost", ch: "room", ...entry(1) });
      h.stored(2, { pos: at(1) }).ok(2, { pos: at(1) });
      h.stored(1, { pos: at(2) }).ok(1, { pos: at(2) });
    },
  },
  {
    invariant: "fifo",
    title: "a publish that stands behind a later one although no log went with it first",
    write(h, isBad) {
      h.given({ fifo: "settled" }).fault("store-lost").pub(1).pub(2);
      if (!isBad) h.stored(1, { pos: at(1, "d") });
      h.stored(2, { pos: at(1) }).ok(2, { pos: at(1) });
      h.stored(1, { pos: at(2) }).ok(1, { pos: at(2) });
    },
  },
  {
    invariant: "ryw",
    title: "a page of history without the position it was to include",
    write(h, isBad) {
      h.publishedUpTo(2).ask({ min: at(2) });
      if (isBad) h.page(1);
      else h.page(1, 2);
    },
  },
  {
    invariant: "ryw",
    title: "an empty page of history where a position was to be included",
    write(h, isBad) {
      h.published(1).ask({ min: isBad ? at(1) : undefined });
      h.page();
    },
  },
  {
    invariant: "ryw",
    title: "an announced echo that never came",
    write(h, isBad) {
      h.fault("store-lost").sub().subscribed(0).pub(1, { proc: "b", until: "echo" });
      if (!isBad) h.deliver(1);
      h.ok(1);
    },
  },
  {
    invariant: "ryw",
    title: "an announced echo that never came, other than to whom events are volatile",
    write(h, isBad) {
      h.fault("store-lost")
        .sub({ mode: isBad ? "latest" : "volatile" })
        .subscribed(0);
      h.pub(1, { proc: "b", until: "echo" }).ok(1);
    },
  },
  {
    invariant: "ryw",
    title: "an announced echo on a branch that lost, covered by another gap than that of the fork",
    write(h, isBad) {
      const [echo, seen] = [at(4, "e", 99), at(3, "e", 98)];
      h.given({ hasPhantoms: true }).published(1).published(2).attempted(4);
      h.sub().subscribed(0).deliver(1).deliver(2).deliver(4, { pos: seen });
      h.pub(3, { proc: "b", until: "echo" }).fault("failover");
      h.add({ f: "lost", ch: "room", ...entry(3), pos: echo });
      h.gap(isBad ? "overflow" : "fork", seen, at(2)).ok(3, { pos: echo });
    },
  },
];
