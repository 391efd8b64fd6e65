// Histories about gaps: whether their cause is true, where they begin and end, and whether there had to be one at all.

import { at } from "./history-builder.ts";
import type { HistoryCase } from "./history-case.ts";

export const gapCases: readonly HistoryCase[] = [
  {
    invariant: "gap-precision",
    title: "a gap that begins elsewhere than where the subscriber stood",
    write(h, isBad) {
      h.fault("cut").publishedUpTo(3, 2).sub().subscribed(0).deliver(1);
      h.gap("expired", at(isBad ? 0 : 1), at(2)).deliver(3);
    },
  },
  {
    invariant: "gap-precision",
    title: "a second gap that neither goes on from the first nor is merged with it",
    write(h, isBad) {
      h.given({ recoverMax: () => 0 })
        .fault("cut")
        .publishedUpTo(4)
        .sub()
        .subscribed(0);
      // While the first is handled the second begins where the first did.
      h.gap("overflow", at(0), at(1));
      h.gap("overflow", at(isBad ? 2 : 0), at(3)).deliver(4);
    },
  },
  {
    invariant: "gap-precision",
    title: "a gap merged with one behind which entries were delivered",
    write(h, isBad) {
      h.given({ recoverMax: () => 0 })
        .fault("cut")
        .publishedUpTo(4)
        .sub()
        .subscribed(0);
      h.gap("overflow", at(0), at(1)).deliver(2);
      h.gap("overflow", at(isBad ? 0 : 2), at(3)).deliver(4);
    },
  },
  {
    invariant: "gap-precision",
    title: "a gap that covers nothing",
    write(h, isBad) {
      h.fault("cut").published(1).sub().subscribed(0).deliver(1);
      if (isBad) h.gap("expired", at(1), at(1));
    },
  },
  {
    invariant: "gap-precision",
    title: "expired for a position that was intact",
    write(h, isBad) {
      h.fault("cut")
        .publishedUpTo(3, isBad ? 1 : 2)
        .sub()
        .subscribed(0)
        .deliver(1);
      h.gap("expired", at(1), at(2)).deliver(3);
    },
  },
  {
    invariant: "gap-precision",
    title: "an expired gap that passes over retained entries",
    write(h, isBad) {
      h.fault("cut")
        .publishedUpTo(4, isBad ? 2 : 3)
        .sub()
        .subscribed(0);
      h.gap("expired", at(0), at(3)).deliver(4);
    },
  },
  {
    invariant: "gap-precision",
    title: "overflow for no more than may be recovered",
    write(h, isBad) {
      h.given({ recoverMax: () => (isBad ? 3 : 2) });
      h.fault("cut").publishedUpTo(3).sub().subscribed(0).gap("overflow", at(0), at(3));
    },
  },
  {
    invariant: "gap-precision",
    title: "a gap to where the log had not come yet",
    write(h, isBad) {
      h.given({ recoverMax: () => 0 })
        .fault("cut")
        .published(1)
        .sub()
        .subscribed(0);
      if (!isBad) h.published(2);
      h.gap("overflow", at(0), at(2));
      if (isBad) h.published(2);
    },
  },
  {
    invariant: "gap-precision",
    title: "a gap into a tail that nothing took",
    write(h, isBad) {
      h.given({ hasPhantoms: true, losingFaults: ["failover"] });
      h.published(1)
        .sub()
        .subscribed(0)
        .deliver(1)
        .fault("store-lost")
        .published(2, { pos: at(1, "f") });
      h.gap("epoch", at(1), at(2, "f"));
      if (!isBad) h.fault("failover");
      h.published(3, { pos: at(2, "f") });
    },
  },
  {
    invariant: "gap-precision",
    title: "a merged gap that leads nowhere although only one branch was served",
    write(h, isBad) {
      h.given({ hasPhantoms: true })
        .fault(isBad ? "failover" : "split-store")
        .publishedUpTo(2);
      h.sub().subscribed(0).deliver(1).deliver(2).gap("fork", at(2), at(1)).gap("fork", at(2), at(2));
    },
  },
  {
    invariant: "gap-precision",
    title: "a gap to what is not a place in the log",
    write(h, isBad) {
      h.fault("cut").publishedUpTo(3, 2).sub().subscribed(0);
      h.gap("expired", at(0), isBad ? at(2, "e", 77) : at(2)).deliver(3);
    },
  },
  {
    invariant: "gap-precision",
    title: "the cause epoch within one epoch",
    write(h, isBad) {
      h.given({ recoverMax: () => 0 })
        .fault("cut")
        .publishedUpTo(2)
        .sub()
        .subscribed(0);
      h.gap(isBad ? "epoch" : "overflow", at(0), at(2));
    },
  },
  {
    invariant: "gap-precision",
    title: "a log that begins anew although nothing ended it",
    write(h, isBad) {
      h.published(1)
        .sub()
        .subscribed(0)
        .deliver(1)
        .fault(isBad ? "cut" : "store-lost");
      h.published(2, { pos: at(1, "f") });
      h.gap("epoch", at(1), at(0, "f")).deliver(2, { pos: at(1, "f") });
    },
  },
  {
    invariant: "gap-precision",
    title: "a lesser cause where the epoch changed",
    write(h, isBad) {
      h.published(1)
        .sub()
        .subscribed(0)
        .deliver(1)
        .fault("store-lost")
        .published(2, { pos: at(1, "f") });
      h.gap(isBad ? "expired" : "epoch", at(1), at(0, "f")).deliver(2, { pos: at(1, "f") });
    },
  },
  {
    invariant: "gap-precision",
    title: "fork for a position on the log",
    write(h, isBad) {
      h.given({ recoverMax: () => 0 })
        .fault("cut")
        .publishedUpTo(2)
        .sub()
        .subscribed(0)
        .deliver(1);
      h.gap(isBad ? "fork" : "overflow", at(1), at(2));
    },
  },
  {
    invariant: "gap-precision",
    title: "fork for the root of a log",
    write(h, isBad) {
      h.given({ recoverMax: () => 0 })
        .fault("cut")
        .publishedUpTo(2)
        .sub()
        .subscribed(0);
      h.gap(isBad ? "fork" : "overflow", at(0), at(2));
    },
  },
  {
    invariant: "gap-precision",
    title: "unverified where the engine proves positions",
    write(h, isBad) {
      h.given({ recoverMax: () => 0 })
        .fault("cut")
        .publishedUpTo(2)
        .sub()
        .subscribed(0);
      h.gap(isBad ? "unverified" : "overflow", at(0), at(2));
    },
  },
  {
    invariant: "liveness",
    title: "a gap in a run in which nothing failed",
    write(h, isBad) {
      if (!isBad) h.fault("cut");
      h.publishedUpTo(3, 2).sub().subscribed(0).gap("expired", at(0), at(2)).deliver(3);
    },
  },
  {
    invariant: "liveness",
    title: "a gap in a calm run unless the position was brought along",
    write(h, isBad) {
      h.publishedUpTo(3, 2).sub({ at: isBad ? undefined : at(0) });
      h.gap("expired", at(0), at(2)).deliver(3);
    },
  },
  {
    invariant: "gap-precision",
    title: "a log that became another and is the same, unless it was away while the first gap was handled",
    write(h, isBad) {
      h.fault("store-lost")
        .published(3, { pos: at(1, "f") })
        .publishedUpTo(2)
        .sub()
        .subscribed(0)
        .deliver(1);
      if (!isBad) h.gap("epoch", at(1), at(1, "f"));
      h.gap("epoch", at(1), at(2));
    },
  },
  {
    invariant: "liveness",
    title: "the newest of a key that conflation left out",
    write(h, isBad) {
      h.published(1, { key: "a" }).published(2, { key: "b" }).sub({ mode: "key" }).subscribed(0);
      if (!isBad) h.deliver(1);
      h.deliver(2);
    },
  },
  {
    invariant: "gap-precision",
    title: "a gap that begins ahead of a subscriber nothing may be dropped for",
    write(h, isBad) {
      h.fault("cut").publishedUpTo(4, 3);
      h.sub({ mode: isBad ? "resume" : "volatile" })
        .subscribed(0)
        .deliver(1);
      h.gap("expired", at(2), at(3)).deliver(4);
    },
  },
];
