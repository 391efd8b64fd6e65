// Histories about whole instances: answers and heads in the end, presence, bounds, permission, codes, leftovers.

import { at } from "./history-builder.ts";
import type { HistoryCase } from "./history-case.ts";

const asked = {
  ...{ node: "n1", user: "user-b", tookMs: 5, mostMs: 3_000, answers: [], failureCount: 0, missing: [] },
} as const;

const livenessCases: readonly HistoryCase[] = [
  {
    invariant: "liveness",
    title: "a publish that was never answered",
    write(h, isBad) {
      h.pub(1);
      if (!isBad) h.unknown(1);
    },
  },
  {
    invariant: "liveness",
    title: "an echo that never came although nothing failed",
    write(h, isBad) {
      if (!isBad) h.fault("cut");
      h.pub(1, { until: "echo" }).wait(60_000).unknown(1);
    },
  },
  {
    invariant: "liveness",
    title: "an expired gap although nothing failed, other than where the oldest entry went while it was begun with",
    write(h, isBad) {
      h.publishedUpTo(1).sub().subscribed(0);
      if (isBad) h.deliver(1);
      h.published(2).published(3, { floor: 2 });
      h.gap("expired", at(isBad ? 1 : 0), at(2)).deliver(3);
    },
  },
  {
    invariant: "liveness",
    title: "an open publish of an instance that lives",
    write(h, isBad) {
      h.pub(1).proc(isBad ? "b" : "a", "crashed");
    },
  },
  {
    invariant: "liveness",
    title: "a request that was never answered",
    write(h, isBad) {
      h.request();
      if (!isBad) h.add({ f: "request-ok", op: "r" });
    },
  },
  {
    invariant: "liveness",
    title: "a question to a user that takes too long",
    write(h, isBad) {
      h.fault("cut").add({ f: "asked", ...asked, tookMs: isBad ? 3_001 : 3_000 });
    },
  },
  {
    invariant: "liveness",
    title: "a question to a user that does not reach everybody although nothing failed",
    write(h, isBad) {
      h.wait(10).add({ f: "asked", ...asked, answers: isBad ? [] : ["b"] });
    },
  },
  {
    invariant: "liveness",
    title: "a node missing although nothing failed",
    write(h, isBad) {
      if (!isBad) h.fault("server-crash");
      h.wait(10).add({ f: "asked", ...asked, answers: ["b"], missing: ["n2"] });
    },
  },
  {
    invariant: "liveness",
    title: "a question for history that was never answered",
    write(h, isBad) {
      h.published(1).ask();
      if (!isBad) h.page(1);
    },
  },
  {
    invariant: "liveness",
    title: "an instance that is not online in the end",
    write(h, isBad) {
      h.state("waiting", { code: 4000 });
      if (!isBad) h.state("online");
    },
  },
  {
    invariant: "liveness",
    title: "a subscription behind the head in the end",
    write(h, isBad) {
      h.publishedUpTo(2).sub().subscribed(0).deliver(1);
      if (!isBad) h.deliver(2);
    },
  },
  {
    invariant: "liveness",
    title: "a lost last entry that is found too late",
    write(h, isBad) {
      h.published(1)
        .sub()
        .subscribed(0)
        .add({ f: "healed" })
        .wait(isBad ? 65_001 : 60_000)
        .deliver(1);
    },
  },
  {
    invariant: "liveness",
    title: "a subscription that stands still for long while it catches up, which may take longer",
    write(h, isBad) {
      h.publishedUpTo(3).sub().subscribed(0).add({ f: "healed" });
      h.wait(60_000).deliver(1);
      h.wait(isBad ? 65_001 : 60_000).deliver(2);
      h.deliver(3);
    },
  },
  {
    invariant: "liveness",
    title: "a subscription that was never answered",
    write(h, isBad) {
      h.published(1).sub();
      if (!isBad) h.subscribed(1);
    },
  },
  {
    invariant: "liveness",
    title: "a subscription left at the position it brought along, behind the head",
    write(h, isBad) {
      h.publishedUpTo(2).sub({ at: at(isBad ? 1 : 2) });
    },
  },
];

const presenceCases: readonly HistoryCase[] = [
  {
    invariant: "presence",
    title: "a ghost: a member whose instance is gone",
    write(h, isBad) {
      h.member("in").view("a").proc("a", "crashed").wait(20_000);
      if (!isBad) h.view();
    },
  },
  {
    invariant: "presence",
    title: "a member that left and is still seen",
    write(h, isBad) {
      h.member("in").view("a").member("out");
      if (!isBad) h.view();
    },
  },
  {
    invariant: "presence",
    title: "a live member nobody sees",
    write(h, isBad) {
      if (isBad) h.member("in");
      h.view();
    },
  },
  {
    invariant: "presence",
    title: "a flap: a connected member that vanished and came back",
    write(h, isBad) {
      h.member("in").view("a");
      if (isBad) h.view();
      h.view("a");
    },
  },
  {
    invariant: "presence",
    title: "a flap long after the member left and came back",
    write(h, isBad) {
      h.member("in").view("a").member("out").member("in");
      h.wait(isBad ? 1_000 : 100)
        .view()
        .view("a");
    },
  },
  {
    invariant: "presence",
    title: "a flap for a leave that had no way to the server",
    write(h, isBad) {
      h.member("in").view("a").state("waiting", { proc: "a" }).member("out").member("in");
      if (!isBad) h.state("online", { proc: "a" });
      h.view().state("online", { proc: "a" }).view("a");
    },
  },
  {
    invariant: "presence",
    title: "a flap that no recent fault explains",
    write(h, isBad) {
      h.member("in").view("a").fault("cut");
      h.wait(isBad ? 60_000 : 30_000)
        .view()
        .view("a");
    },
  },
  {
    invariant: "presence",
    title: "a flap that the trouble of somebody else does not explain",
    write(h, isBad) {
      h.proc("c", "started")
        .member("in")
        .view("a")
        .fault("cut", isBad ? "c" : "a");
      h.view().view("a");
    },
  },
  {
    invariant: "presence",
    title: "a leave by an outage, seen by a watcher that was there before",
    write(h, isBad) {
      h.member("in").view("a").fault("bus-cut");
      if (!isBad) h.state("waiting", { proc: "b" }).state("online", { proc: "b" });
      h.view().view("a");
    },
  },
  {
    invariant: "presence",
    title: "a word that others see late where nothing fails",
    write(h, isBad) {
      h.view().member("in");
      h.wait(isBad ? 1_500 : 500).view("a");
    },
  },
  {
    invariant: "presence",
    title: "a word that a watcher does not see although it is there all the time",
    write(h, isBad) {
      h.proc("c", "started").state("online", { proc: "c" }).add({ f: "presence", proc: "c", ch: "room", view: [] });
      if (!isBad) h.proc("c", "closed");
      h.view().member("in").view("a").wait(1_500).member("out").view();
      h.add({ f: "presence", proc: "c", ch: "room", view: [] });
    },
  },
  {
    invariant: "presence",
    title: "a view that is wrong long after everything healed",
    write(h, isBad) {
      h.view().member("in").fault("bus-cut").add({ f: "healed" });
      h.wait(isBad ? 45_000 : 35_000).view("a");
    },
  },
  {
    invariant: "presence",
    title: "a member that vanished within its grace",
    write(h, isBad) {
      h.member("in").view("a").state("waiting", { proc: "a" });
      h.wait(isBad ? 5_000 : 10_000)
        .view()
        .state("online", { proc: "a" })
        .view("a");
    },
  },
];

const boundCases: readonly HistoryCase[] = [
  {
    invariant: "memory",
    title: "a queue beyond its limit",
    write(h, isBad) {
      h.add({ f: "mem", target: "b", what: "queue", size: isBad ? 1_001 : 1_000 });
    },
  },
  {
    invariant: "memory",
    title: "an outbox beyond its limit",
    write(h, isBad) {
      h.add({ f: "mem", target: "b", what: "outbox", size: isBad ? 11 : 10 });
    },
  },
  {
    invariant: "resource",
    title: "a timer left when everybody has gone",
    write(h, isBad) {
      h.add({ f: "resource", target: "n1", left: { connections: 0, timers: isBad ? 1 : 0 } });
    },
  },
];

const authCases: readonly HistoryCase[] = [
  {
    invariant: "auth",
    title: "a forbidden subscription that delivers",
    write(h, isBad) {
      h.given({ isForbidden: (user, ch, action) => user === "user-b" && ch === "room" && action === "subscribe" });
      h.attempted(1).sub({ mayEndWith: [203] });
      if (isBad) h.deliver(1);
      h.end(203);
    },
  },
  {
    invariant: "auth",
    title: "a forbidden publish that was accepted",
    write(h, isBad) {
      h.given({ isForbidden: (user, _ch, action) => user === (isBad ? "user-a" : "user-b") && action === "publish" });
      h.published(1);
    },
  },
  {
    invariant: "auth",
    title: "a forbidden page of history",
    write(h, isBad) {
      h.given({ isForbidden: (user, _ch, action) => user === (isBad ? "user-b" : "user-a") && action === "history" });
      h.published(1).ask().page(1);
    },
  },
  {
    invariant: "auth",
    title: "an entry from before the subscription of somebody who may not read history",
    write(h, isBad) {
      h.given({ isForbidden: (user, _ch, action) => user === (isBad ? "user-b" : "user-a") && action === "history" });
      h.published(1).sub({ sub: "t", proc: "a", user: "user-a" }).subscribed(0, "t").deliver(1, { sub: "t" });
      h.sub().subscribed(0).deliver(1);
    },
  },
  {
    invariant: "auth",
    title: "an entry from before it, to somebody who may not read history and had let go of the subscription before",
    write(h, isBad) {
      h.given({ isForbidden: (user, _ch, action) => user === "user-b" && action === "history" });
      h.sub({ sub: "before" }).subscribed(0, "before");
      h.published(1).sub({ sub: "t", proc: "a", user: "user-a" }).subscribed(0, "t").deliver(1, { sub: "t" });
      h.add({ f: "sub-end", sub: "before", code: undefined });
      if (isBad) h.sub().subscribed(0);
      else h.sub({ goesOn: true });
      h.deliver(1);
    },
  },
  {
    invariant: "auth",
    title: "an entry older than a node may be late with, to somebody who may not read history",
    write(h, isBad) {
      h.given({ isForbidden: (user, _ch, action) => user === "user-b" && action === "history", nodeLagMs: 60_000 });
      h.published(1).sub({ sub: "t", proc: "a", user: "user-a" }).subscribed(0, "t").deliver(1, { sub: "t" });
      h.wait(isBad ? 60_001 : 50_000)
        .sub()
        .subscribed(0)
        .deliver(1);
    },
  },
  {
    invariant: "auth",
    title: "a delivery behind an expired token",
    write(h, isBad) {
      h.add({ f: "auth", proc: "b", user: "user-b", untilMs: 1_000 }).published(1).sub().subscribed(0);
      h.wait(isBad ? 6_001 : 5_000).deliver(1);
    },
  },
  {
    invariant: "auth",
    title: "a delivery behind an expired token that nobody renewed",
    write(h, isBad) {
      h.add({ f: "auth", proc: "b", user: "user-b", untilMs: 1_000 }).published(1).sub().subscribed(0);
      h.add({ f: "auth", proc: isBad ? "a" : "b", user: "user-b", untilMs: 9_000 });
      h.wait(8_000).deliver(1);
    },
  },
  {
    invariant: "auth",
    title: "a snapshot behind an expired token",
    write(h, isBad) {
      h.add({ f: "auth", proc: "b", user: "user-b", untilMs: 1_000 }).sub().subscribed(0);
      h.wait(isBad ? 6_001 : 5_000).add({ f: "snapshot", sub: "s", pos: at(0), user: "" });
    },
  },
  {
    invariant: "auth",
    title: "a page of history behind an expired token",
    write(h, isBad) {
      h.add({ f: "auth", proc: "b", user: "user-b", untilMs: 1_000 }).published(1).ask();
      h.wait(isBad ? 6_001 : 5_000).page(1);
    },
  },
  {
    invariant: "auth",
    title: "a delivery of what was stored when its token had been revoked",
    write(h, isBad) {
      h.add({ f: "auth", proc: "b", user: "user-b", untilMs: 1e9 }).sub().subscribed(0);
      h.add({ f: "revoked", user: "user-b", untilMs: 5_000 }).wait(isBad ? 1_000 : 990);
      h.published(1).wait(5_000).deliver(1);
    },
  },
  {
    invariant: "auth",
    title: "a delivery to a revoked token although there is a new one, for somebody else",
    write(h, isBad) {
      h.add({ f: "auth", proc: "b", user: "user-b", untilMs: 1e9 }).sub().subscribed(0);
      h.add({ f: "revoked", user: "user-b", untilMs: 5_000 }).wait(6_000);
      h.add({ f: "auth", proc: isBad ? "a" : "b", user: "user-b", untilMs: 1e9 });
      h.published(1).deliver(1);
    },
  },
  {
    invariant: "auth",
    title: "a delivery to a revoked token although no link was down",
    write(h, isBad) {
      h.add({ f: "auth", proc: "b", user: "user-b", untilMs: 1e9 }).sub().subscribed(0);
      h.add({ f: "revoked", user: "user-b", untilMs: 5_000 }).fault(isBad ? "cut" : "bus-cut");
      h.wait(2_000).published(1).deliver(1);
    },
  },
  {
    invariant: "auth",
    title: "a snapshot made for another user",
    write(h, isBad) {
      h.sub()
        .subscribed(0)
        .add({ f: "snapshot", sub: "s", pos: at(0), user: isBad ? "user-a" : "user-b" });
    },
  },
];

const codeCases: readonly HistoryCase[] = [
  {
    invariant: "codes",
    title: "a publish that failed with a code the client is to retry",
    write(h, isBad) {
      h.pub(1, { mayFailWith: [306] }).fail(1, isBad ? 101 : 306);
    },
  },
  {
    invariant: "codes",
    title: "a subscription ended without cause",
    write(h, isBad) {
      h.sub({ mayEndWith: isBad ? [] : [203] }).end(203);
    },
  },
  {
    invariant: "codes",
    title: "a delivery behind a subscription's end",
    write(h, isBad) {
      h.attempted(1)
        .sub({ mayEndWith: [203] })
        .subscribed(0);
      if (isBad) h.end(203).deliver(1);
      else h.deliver(1).end(203);
    },
  },
  {
    invariant: "codes",
    title: "a request that failed without cause",
    write(h, isBad) {
      h.request({ mayFailWith: [309] }).add({ f: "request-fail", op: "r", code: isBad ? 103 : 309, why: "" });
    },
  },
  {
    invariant: "codes",
    title: "a question for history that failed without cause",
    write(h, isBad) {
      h.ask({ mayFailWith: [203] }).add({ f: "request-fail", op: "h", code: isBad ? 105 : 203, why: "" });
    },
  },
  {
    invariant: "codes",
    title: "waiting to reconnect after a terminal code",
    write(h, isBad) {
      h.state("waiting", { code: isBad ? 4403 : 4000 }).state("online");
    },
  },
  {
    invariant: "codes",
    title: "giving up after a code that asks to reconnect",
    write(h, isBad) {
      h.state("closed", { code: isBad ? 4001 : 4410 }).state("online");
    },
  },
  {
    invariant: "codes",
    title: "an idempotent operation one node executed twice",
    write(h, isBad) {
      h.add({ f: "executed", node: "n1", key: "k" }).add({ f: "executed", node: isBad ? "n1" : "n2", key: "k" });
    },
  },
];

export const sessionCases: readonly HistoryCase[] = [
  ...livenessCases,
  ...presenceCases,
  ...boundCases,
  ...authCases,
  ...codeCases,
  {
    invariant: "auth",
    title: "a client that is served on under a token of somebody else",
    write(h, isBad) {
      h.add({ f: "auth", proc: "b", user: isBad ? "user-a" : "user-b", untilMs: 1e9 });
    },
  },
  {
    invariant: "auth",
    title: "a subscription that its client's latest token forbids",
    write(h, isBad) {
      h.sub().subscribed(0);
      h.add({ f: "auth", proc: "b", user: "user-b", untilMs: 1e9, forbids: isBad ? ["room"] : [] });
    },
  },
];
