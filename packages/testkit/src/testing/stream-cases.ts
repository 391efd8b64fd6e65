// Histories about what a subscription is given: order, identity, holes, repeats, phantoms.

import { at } from "./history-builder.ts";
import type { HistoryCase } from "./history-case.ts";

/** The position of an entry that stood behind entry 1 until a failover took it. */
const phantom = at(2, "e", 99);

export const streamCases: readonly HistoryCase[] = [
  {
    invariant: "order",
    title: "an entry behind a later one",
    write(h, isBad) {
      h.publishedUpTo(3).sub({ mode: "latest" }).subscribed(0).deliver(2);
      if (isBad) h.deliver(1);
      h.deliver(3);
    },
  },
  {
    invariant: "order",
    title: "an entry at or before the position a subscription brought along",
    write(h, isBad) {
      h.publishedUpTo(3).sub({ mode: "latest", at: at(2) });
      if (isBad) h.deliver(1);
      h.deliver(3);
    },
  },
  {
    invariant: "order",
    title: "two subscribers that saw contents in different orders",
    write(h, isBad) {
      h.attempted(1, 2, 3).sub().deliver(1, { id: "" }).deliver(2, { id: "" });
      h.sub({ sub: "t" }).deliver(2, { sub: "t", pos: at(1, "e", 90), id: "" });
      h.deliver(isBad ? 1 : 3, { sub: "t", pos: at(2, "e", 91), id: "" });
    },
  },
  {
    invariant: "order",
    title: "two orders that no lost tail explains",
    write(h, isBad) {
      h.given({ hasPhantoms: true }).attempted(2, 1);
      h.stored(2, { pos: at(1, "e", 90) }).stored(1, { pos: at(2, "e", 91) });
      h.sub().deliver(1, { id: "" }).deliver(2, { id: "" });
      h.fault(isBad ? "cut" : "failover").gap("fork", at(2), at(2, "e", 91));
      h.sub({ sub: "t" }).deliver(2, { sub: "t", pos: at(1, "e", 90), id: "" });
      h.deliver(1, { sub: "t", pos: at(2, "e", 91), id: "" });
    },
  },
  {
    invariant: "identity",
    title: "a position that denotes two payloads",
    write(h, isBad) {
      h.published(1).attempted(2).sub().subscribed(0);
      h.deliver(1, { hash: isBad ? "m2" : "m1" });
    },
  },
  {
    invariant: "identity",
    title: "a position handed out to two publishers",
    write(h, isBad) {
      h.fault("store-lost").pub(1).ok(1).pub(2);
      h.ok(2, { pos: at(isBad ? 1 : 2) });
    },
  },
  {
    invariant: "identity",
    title: "a content id that stands at two positions of one epoch",
    write(h, isBad) {
      h.published(1).published(2, { id: isBad ? "x:1" : "x:2" });
    },
  },
  {
    invariant: "identity",
    title: "a page of history with another payload than the log's",
    write(h, isBad) {
      h.published(1).attempted(2).ask();
      h.add({ f: "history-ok", op: "h", entries: [{ pos: at(1), id: "x:1", hash: isBad ? "m2" : "m1" }] });
    },
  },
  {
    invariant: "no-silent-gap",
    title: "a hole between two deliveries",
    write(h, isBad) {
      h.publishedUpTo(3).sub().subscribed(0).deliver(1);
      if (!isBad) h.deliver(2);
      h.deliver(3);
    },
  },
  {
    invariant: "no-silent-gap",
    title: "a hole between the start and the first delivery",
    write(h, isBad) {
      h.publishedUpTo(2)
        .sub()
        .subscribed(isBad ? 0 : 1)
        .deliver(2);
    },
  },
  {
    invariant: "no-silent-gap",
    title: "a hole behind the position a subscription brought along",
    write(h, isBad) {
      h.publishedUpTo(3)
        .sub({ at: at(isBad ? 1 : 2) })
        .deliver(3);
    },
  },
  {
    invariant: "no-silent-gap",
    title: "a hole behind the end of a gap",
    write(h, isBad) {
      h.fault("cut").publishedUpTo(4, 2).sub().subscribed(0).gap("expired", at(0), at(2));
      if (!isBad) h.deliver(3);
      h.deliver(4);
    },
  },
  {
    invariant: "no-silent-gap",
    title: "a skip over an entry of the log",
    write(h, isBad) {
      h.publishedUpTo(2).sub().subscribed(0);
      h.add({ f: "skip", sub: "s", pos: at(isBad ? 2 : 1) });
      if (!isBad) h.deliver(2);
    },
  },
  {
    invariant: "no-silent-gap",
    title: "a subscription that goes on elsewhere than where it stood",
    write(h, isBad) {
      h.publishedUpTo(3).sub().subscribed(0).deliver(1);
      h.subscribed(isBad ? 3 : 1);
      if (!isBad) h.deliver(2).deliver(3);
    },
  },
  {
    invariant: "no-silent-gap",
    title: "another epoch without a gap",
    write(h, isBad) {
      h.published(1).sub().subscribed(0).deliver(1).fault("store-lost");
      h.published(2, { pos: at(1, "f") });
      if (!isBad) h.gap("epoch", at(1), at(0, "f"));
      h.deliver(2, { pos: at(1, "f") });
    },
  },
  {
    invariant: "no-silent-gap",
    title: "a page of history with a hole",
    write(h, isBad) {
      h.publishedUpTo(3).ask();
      if (isBad) h.page(1, 3);
      else h.page(1, 2, 3);
    },
  },
  {
    invariant: "no-dup",
    title: "a position that came again behind a gap",
    write(h, isBad) {
      h.given({ hasPhantoms: true }).attempted(9).fault("failover").publishedUpTo(2);
      h.sub().subscribed(0).deliver(1).deliver(9, { pos: phantom });
      h.gap("fork", phantom, at(isBad ? 0 : 1));
      if (isBad) h.deliver(1);
      h.deliver(2);
    },
  },
  {
    invariant: "no-dup",
    title: "a position that came again behind a fork although only one branch was served",
    write(h, isBad) {
      h.given({ hasPhantoms: true })
        .fault(isBad ? "failover" : "split-store")
        .publishedUpTo(2);
      h.sub().subscribed(0).deliver(1).deliver(2).gap("fork", at(2), at(1)).deliver(2);
    },
  },
  {
    invariant: "no-dup",
    title: "a content that came twice in one segment",
    write(h, isBad) {
      h.given({ hasPhantoms: true }).publishedUpTo(2).sub().subscribed(0).deliver(1);
      h.deliver(2, { id: isBad ? "x:1" : "x:2" });
    },
  },
  {
    invariant: "phantom-explained",
    title: "a phantom that no gap explains",
    write(h, isBad) {
      h.given({ hasPhantoms: true }).attempted(9).published(1).sub().subscribed(0).deliver(1);
      h.deliver(9, { pos: phantom }).fault("failover").published(3, { prevOffset: 1 });
      if (!isBad) h.gap("fork", phantom, at(1));
      h.deliver(3);
    },
  },
  {
    invariant: "phantom-explained",
    title: "a phantom from an engine that promises none",
    write(h, isBad) {
      h.given({ hasPhantoms: !isBad }).attempted(9).published(1).sub().subscribed(0).deliver(1);
      h.deliver(9, { pos: phantom }).fault("failover").published(3, { prevOffset: 1 });
      h.gap("fork", phantom, at(1)).deliver(3);
    },
  },
  {
    invariant: "phantom-explained",
    title: "an entry of an epoch in which nothing was ever stored",
    write(h, isBad) {
      h.fault("store-lost").attempted(9).published(1).sub().subscribed(0).deliver(1);
      if (isBad) h.gap("epoch", at(1), at(0, "z")).deliver(9, { pos: at(1, "z"), id: "" });
      h.published(2, { pos: at(1, "f") });
      h.gap("epoch", isBad ? at(1, "z") : at(1), at(0, "f")).deliver(2, { pos: at(1, "f") });
    },
  },
  {
    invariant: "phantom-explained",
    title: "a page of history with an entry that is not in the log",
    write(h, isBad) {
      h.published(1).attempted(2).ask();
      if (isBad) h.page(1, 2);
      else h.page(1);
    },
  },
  {
    invariant: "no-silent-gap",
    title: "an entry behind a brought position that no entry has",
    write(h, isBad) {
      h.publishedUpTo(3).sub({ at: isBad ? at(2, "e", 1) : at(2) });
      h.deliver(3);
    },
  },
  {
    invariant: "no-dup",
    title: "a position told again where only one branch was ever served",
    write(h, isBad) {
      h.given({ hasPhantoms: true }).fault(isBad ? "failover" : "split-store");
      h.publishedUpTo(2).sub().subscribed(0).deliver(1).deliver(2).gap("fork", at(2), at(1)).deliver(2);
    },
  },
  {
    invariant: "no-dup",
    title: "a volatile event that came twice",
    write(h, isBad) {
      const said = { f: "pub-volatile", proc: "a", ch: "room" } as const;
      h.add({ ...said, hash: "typing1" })
        .add({ ...said, hash: "typing2" })
        .sub({ mode: "volatile" });
      h.add({ f: "volatile", sub: "s", hash: "typing1" });
      h.add({ f: "volatile", sub: "s", hash: isBad ? "typing1" : "typing2" });
    },
  },
];
