import { describe, expect, it } from "vitest";
import type { PubFrame } from "@heddle/protocol";
import type { Published } from "./outbox.ts";
import { HeddleError, LocalError } from "../errors.ts";
import { at, entry, Scene } from "../testing/scripted-server.ts";

/** What became of a promise so far. */
function watched<T>(promise: Promise<T>): { readonly outcome: () => T | Error | undefined } {
  let outcome: T | Error | undefined;
  promise.then(
    (value) => (outcome = value),
    (error: Error) => (outcome = error),
  );
  return { outcome: () => outcome };
}

const publish = (scene: Scene, payload: unknown, ch = "room/1", options = {}): { outcome: () => unknown } =>
  watched<Published>(scene.client.channel(ch).publish("message", payload, options));

const numbers = (pubs: readonly PubFrame[]): (string | number | undefined)[][] =>
  pubs.map(({ d, n, pn }) => [String(d), n, pn]);

const ok = (scene: Scene, pub: PubFrame | undefined, o: number): Promise<void> =>
  scene.says({ t: "ok", r: pub?.r ?? -1, p: at(o) });
const err = (scene: Scene, pub: PubFrame | undefined, code: number, ms?: number): Promise<void> =>
  scene.says({ t: "err", r: pub?.r ?? -1, code, name: "some", ...(ms === undefined ? {} : { ms }) });

describe("a publish", () => {
  it("is sent with its number and what it follows, and resolves with its place", async () => {
    const scene = await Scene.online();
    const first = publish(scene, "a", "room/1", { key: "k", expect: at(3) });
    const second = publish(scene, "b");
    const other = publish(scene, "c", "room/2");
    expect(scene.link.all("pub")).toEqual([
      {
        t: "pub",
        r: expect.any(Number) as number,
        n: 1,
        pn: 0,
        ch: "room/1",
        e: "message",
        key: "k",
        ex: at(3),
        d: "a",
      },
      { t: "pub", r: expect.any(Number) as number, n: 2, pn: 1, ch: "room/1", e: "message", d: "b" },
      { t: "pub", r: expect.any(Number) as number, n: 3, pn: 0, ch: "room/2", e: "message", d: "c" },
    ]);
    const [a, b, c] = scene.link.all("pub");
    await ok(scene, c, 7);
    await ok(scene, a, 1);
    await scene.says({ t: "ok", r: b?.r ?? -1, dup: 1 });
    expect(first.outcome()).toEqual({ position: at(1), id: "x1:1", duplicate: false });
    expect(second.outcome()).toEqual({ position: undefined, id: "x1:2", duplicate: true });
    expect(other.outcome()).toEqual({ position: at(7), id: "x1:3", duplicate: false });
    expect(scene.client.stats.outboxCount).toBe(0);
  });

  it("waits for a connection for as long as it takes when it was never sent", async () => {
    const scene = new Scene();
    const waiting = publish(scene, "a");
    await scene.clock.advanceAsync(48 * 3_600_000);
    expect(waiting.outcome()).toBeUndefined();
    await scene.nextAttempt();
    await scene.welcomed();
    expect(scene.link.all("pub")).toHaveLength(1);
  });

  it("is serialised when it is made", async () => {
    const scene = new Scene();
    const payload = { text: "before" };
    publish(scene, payload);
    payload.text = "after";
    scene.client.connect();
    await scene.welcomed();
    expect(scene.link.last("pub").d).toEqual({ text: "before" });
  });

  it("is repeated after a reconnect byte for byte, in order, with what it follows worked out anew", async () => {
    const scene = await Scene.online();
    publish(scene, "a");
    publish(scene, "b");
    publish(scene, "c");
    await ok(scene, scene.link.all("pub")[0], 1);
    await scene.reconnect();
    expect(numbers(scene.link.all("pub"))).toEqual([
      ["b", 2, 0],
      ["c", 3, 2],
    ]);
  });

  it("keeps at most the server's window unanswered", async () => {
    const scene = await Scene.online({}, { pw: 2 });
    for (const payload of ["a", "b", "c", "d"]) publish(scene, payload);
    expect(scene.link.all("pub")).toHaveLength(2);
    await ok(scene, scene.link.all("pub")[0], 1);
    expect(numbers(scene.link.all("pub")).at(-1)).toEqual(["c", 3, 2]);
  });

  it("is sent again after what the server says, and those behind it on the channel with it", async () => {
    const scene = await Scene.online();
    publish(scene, "a");
    publish(scene, "b");
    publish(scene, "z", "room/2");
    const [a, b] = scene.link.all("pub");
    await err(scene, a, 103, 500);
    await err(scene, b, 104);
    expect(scene.link.all("pub")).toHaveLength(3);
    await scene.clock.advanceAsync(499);
    expect(scene.link.all("pub")).toHaveLength(3);
    await scene.clock.advanceAsync(1);
    expect(numbers(scene.link.all("pub").slice(3))).toEqual([
      ["a", 1, 0],
      ["b", 2, 1],
    ]);
  });

  it("holds up only its own channel while it waits", async () => {
    const scene = await Scene.online();
    publish(scene, "a");
    await err(scene, scene.link.last("pub"), 101, 60_000);
    publish(scene, "b");
    publish(scene, "z", "room/2");
    expect(numbers(scene.link.all("pub"))).toEqual([
      ["a", 1, 0],
      ["z", 3, 0],
    ]);
  });

  it("is sent again at once, following nothing, when the one before it was refused", async () => {
    const scene = await Scene.online();
    const first = publish(scene, "a");
    publish(scene, "b");
    const [a, b] = scene.link.all("pub");
    await err(scene, a, 306);
    await err(scene, b, 104, 0);
    expect(first.outcome()).toBeInstanceOf(HeddleError);
    expect(numbers(scene.link.all("pub")).at(-1)).toEqual(["b", 2, 0]);
  });

  it.each([203, 204, 301, 302, 304, 305, 306, 409, 429])("is refused for good with %i", async (code) => {
    const scene = await Scene.online();
    const refused = publish(scene, "a");
    await err(scene, scene.link.last("pub"), code);
    expect(refused.outcome()).toMatchObject({ code });
    await scene.clock.advanceAsync(30_000);
    expect(scene.link.all("pub")).toHaveLength(1);
  });

  it("carries the server's issues and the channel's head", async () => {
    const scene = await Scene.online();
    const refused = publish(scene, "a");
    const issues = [{ path: ["text"], message: "too short" }];
    const { r = -1 } = scene.link.last("pub");
    await scene.says({ t: "err", r, code: 306, name: "refused", why: "no", issues, head: at(4) });
    expect(refused.outcome()).toMatchObject({ name: "refused", why: "no", issues, head: at(4), retryable: false });
  });

  it("waits when it is limited and the server says how long", async () => {
    const scene = await Scene.online();
    publish(scene, "a");
    await err(scene, scene.link.last("pub"), 429, 2_000);
    await scene.clock.advanceAsync(2_000);
    expect(scene.link.all("pub")).toHaveLength(2);
  });
});

describe("an outcome nobody knows", () => {
  const dw = 60_000;

  it("is said ten seconds before the server forgets the first send, and nothing is sent after that", async () => {
    const scene = await Scene.online({}, { dw, ping: 1_000_000 });
    const sent = publish(scene, "a");
    await scene.clock.advanceAsync(dw - 10_001);
    expect(sent.outcome()).toBeUndefined();
    await scene.clock.advanceAsync(1);
    expect(sent.outcome()).toMatchObject({ code: "unknown-outcome", outcome: "unknown" });
    await scene.reconnect({ dw });
    expect(scene.link.all("pub")).toEqual([]);
  });

  it("is measured by the clock that ran faster", async () => {
    const scene = await Scene.online({}, { dw });
    const sent = publish(scene, "a");
    scene.clock.jumpWall(dw);
    await scene.reconnect({ dw });
    expect(sent.outcome()).toMatchObject({ code: "unknown-outcome" });
    expect(scene.link.all("pub")).toEqual([]);
  });

  it("is not reached by a wall clock that jumps back", async () => {
    const scene = await Scene.online({}, { dw });
    const sent = publish(scene, "a");
    scene.clock.jumpWall(-10 * dw);
    await scene.reconnect({ dw });
    expect(sent.outcome()).toBeUndefined();
    expect(scene.link.all("pub")).toHaveLength(1);
  });

  it("does not hold what comes behind it", async () => {
    const scene = await Scene.online({}, { dw });
    publish(scene, "a");
    scene.link.drop();
    await scene.clock.advanceAsync(0);
    publish(scene, "b");
    scene.clock.jumpWall(dw);
    await scene.nextAttempt();
    await scene.welcomed({ dw });
    expect(numbers(scene.link.all("pub"))).toEqual([["b", 2, 0]]);
  });
});

describe("giving up", () => {
  it("by a signal or deadline says whether it was sent", async () => {
    const stop = new AbortController();
    const scene = new Scene();
    const aborted = publish(scene, "a", "room/1", { signal: stop.signal });
    const late = publish(scene, "b", "room/1", { deadlineMs: 1_000 });
    stop.abort();
    await scene.clock.advanceAsync(1_000);
    expect(aborted.outcome()).toMatchObject({ code: "aborted", outcome: "none" });
    expect(late.outcome()).toMatchObject({ code: "timeout", outcome: "none" });

    const online = await Scene.online();
    const sent = publish(online, "a", "room/1", { deadlineMs: 1_000 });
    await online.clock.advanceAsync(1_000);
    expect(sent.outcome()).toMatchObject({ code: "unknown-outcome", outcome: "unknown" });
    await ok(online, online.link.last("pub"), 1); // too late for anybody
  });

  it("happens at once with a signal that was aborted before", async () => {
    const scene = await Scene.online();
    const aborted = publish(scene, "a", "room/1", { signal: AbortSignal.abort() });
    await scene.settle();
    expect(aborted.outcome()).toMatchObject({ code: "aborted" });
    expect(scene.link.all("pub")).toEqual([]);
  });

  it("happens when the next connection is another user's: nothing is sent in somebody else's name", async () => {
    const scene = await Scene.online();
    const sent = publish(scene, "a");
    scene.link.drop();
    await scene.settle();
    const waiting = publish(scene, "b");
    await scene.nextAttempt();
    await scene.welcomed({ u: "u2", x: "x2" });
    expect(sent.outcome()).toMatchObject({ code: "unknown-outcome" });
    expect(waiting.outcome()).toMatchObject({ code: "user-changed", outcome: "none" });
    expect(scene.link.all("pub")).toEqual([]);
  });
});

describe("limits", () => {
  it("refuse what the server would not take, before it is sent, with the server's word for it", async () => {
    const scene = await Scene.online({}, { max: 1_000 });
    const big = publish(scene, "x".repeat(1_000));
    await scene.settle();
    expect(big.outcome()).toMatchObject({ code: 303, name: "too_large" });
    expect(scene.link.all("pub")).toEqual([]);
    publish(scene, "small");
    expect(scene.link.all("pub")).toHaveLength(1);
  });

  it("blame the largest publish when the server closes with 1009", async () => {
    const scene = await Scene.online();
    publish(scene, "small");
    const big = publish(scene, "x".repeat(1_000));
    scene.link.drop(1009);
    await scene.settle();
    expect(big.outcome()).toMatchObject({ code: 303 });
    await scene.nextAttempt();
    await scene.welcomed();
    expect(numbers(scene.link.all("pub"))).toEqual([["small", 1, 0]]);
  });

  it("reject with backpressure by count and by size", async () => {
    const few = new Scene({ outboxCount: 10 });
    const outcomes = Array.from({ length: 11 }, (_, index) => publish(few, index));
    await few.settle();
    expect(outcomes[9]?.outcome()).toBeUndefined();
    expect(outcomes[10]?.outcome()).toMatchObject({ code: "backpressure", outcome: "none" });

    const small = new Scene({ outboxBytes: 50_000 });
    publish(small, "x".repeat(30_000));
    const second = publish(small, "x".repeat(30_000));
    await small.settle();
    expect(second.outcome()).toBeInstanceOf(LocalError);
  });

  it("reject what is no JSON", async () => {
    const scene = await Scene.online();
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    const refused = publish(scene, circular);
    await scene.settle();
    expect(refused.outcome()).toBeInstanceOf(TypeError);
  });
});

describe("volatile events", () => {
  it("are sent without a number and resolve at once", async () => {
    const scene = await Scene.online();
    const sent = publish(scene, true, "room/1", { volatile: true });
    await scene.settle();
    expect(scene.link.all("pub")).toEqual([{ t: "pub", ch: "room/1", e: "message", d: true }]);
    expect(sent.outcome()).toEqual({ position: undefined, id: undefined, duplicate: false });
  });

  it("are dropped without a connection", async () => {
    const scene = new Scene();
    const dropped = publish(scene, true, "room/1", { volatile: true });
    await scene.settle();
    await scene.welcomed();
    expect(dropped.outcome()).toEqual({ duplicate: false });
    expect(scene.link.all("pub")).toEqual([]);
  });
});

describe("until echo", () => {
  it("resolves when the own subscription has received it, before or after the answer", async () => {
    for (const isEchoFirst of [true, false]) {
      const scene = await Scene.online();
      scene.client.channel("room/1").on("message", () => new Promise(() => undefined)); // handled or not
      const alias = scene.subd("room/1", at(100));
      const echoed = publish(scene, "a", "room/1", { until: "echo" });
      await scene.settle();
      const { r = -1 } = scene.link.last("pub");
      const answer = { t: "ok", r, p: at(101) } as const;
      await scene.says(isEchoFirst ? entry(alias, 101) : answer);
      expect(echoed.outcome()).toBeUndefined();
      await scene.says(isEchoFirst ? answer : entry(alias, 101));
      expect(echoed.outcome()).toMatchObject({ position: at(101) });
    }
  });

  it("waits through a reconnect", async () => {
    const scene = await Scene.online();
    scene.client.channel("room/1").on("message", () => undefined);
    scene.subd("room/1", at(100));
    const echoed = publish(scene, "a", "room/1", { until: "echo" });
    await scene.settle();
    await ok(scene, scene.link.last("pub"), 101);
    await scene.reconnect();
    const alias = scene.subd("room/1", at(100));
    expect(echoed.outcome()).toBeUndefined();
    await scene.says(entry(alias, 101));
    expect(echoed.outcome()).toMatchObject({ position: at(101) });
  });

  it("says so when a gap jumps over it, but not for a gap before it", async () => {
    const scene = await Scene.online();
    scene.client.channel("room/1").on("message", () => undefined);
    const alias = scene.subd("room/1", at(100));
    const echoed = publish(scene, "a", "room/1", { until: "echo" });
    await scene.settle();
    await ok(scene, scene.link.last("pub"), 110);
    await scene.says({ t: "gap", c: alias, why: "expired", from: at(100), to: at(105) });
    expect(echoed.outcome()).toBeUndefined();
    await scene.says({ t: "gap", c: alias, why: "expired", from: at(105), to: at(120) });
    expect(echoed.outcome()).toMatchObject({ code: "not-echoed", outcome: "done" });
  });

  it("says so when the connection broke before the channel was subscribed, and it begins in another epoch", async () => {
    const scene = await Scene.online();
    scene.client.channel("room/1").on("message", () => undefined);
    const echoed = publish(scene, "a", "room/1", { until: "echo" });
    await scene.settle();
    await ok(scene, scene.link.last("pub"), 101);
    await scene.reconnect();
    expect(echoed.outcome()).toBeUndefined();
    scene.subd("room/1", at(3, "E2"));
    await scene.settle();
    expect(echoed.outcome()).toMatchObject({ code: "not-echoed", outcome: "done" });
  });

  it("gives up after a minute of its own when it never comes, and the others go on waiting", async () => {
    const scene = await Scene.online();
    scene.client.channel("room/1").on("message", () => undefined);
    const alias = scene.subd("room/1", at(100));
    const lost = publish(scene, "a", "room/1", { until: "echo" });
    await ok(scene, scene.link.last("pub"), 105);
    await scene.clock.advanceAsync(20_000);
    const later = publish(scene, "b", "room/1", { until: "echo" });
    await ok(scene, scene.link.last("pub"), 106);
    for (const ms of [20_000, 19_999]) {
      await scene.says({ t: "ping" });
      await scene.clock.advanceAsync(ms);
    }
    expect([lost.outcome(), later.outcome()]).toEqual([undefined, undefined]);
    await scene.clock.advanceAsync(1);
    expect(lost.outcome()).toMatchObject({ code: "not-echoed", outcome: "done" });
    expect(later.outcome()).toBeUndefined();
    await scene.says(entry(alias, 106, { p: 100 }));
    expect(later.outcome()).toMatchObject({ position: at(106) });
  });

  it("says so when the channel is left, and when nobody listens", async () => {
    const scene = await Scene.online();
    const deaf = publish(scene, "a", "room/1", { until: "echo" });
    await scene.settle();
    expect(deaf.outcome()).toMatchObject({ code: "not-echoed", outcome: "none" });
    const off = scene.client.channel("room/1").on("message", () => undefined);
    scene.subd("room/1", at(100));
    const left = publish(scene, "b", "room/1", { until: "echo" });
    await scene.settle();
    await ok(scene, scene.link.last("pub"), 101);
    off();
    await scene.settle();
    expect(left.outcome()).toMatchObject({ code: "not-echoed", outcome: "done" });
  });

  it("does not wait where the server has ended the subscription", async () => {
    const scene = await Scene.online();
    scene.client.channel("room/1").on("message", () => undefined);
    await scene.says({ t: "err", r: scene.link.last("sub").r, code: 203, name: "forbidden", why: "not yours" });
    const deaf = publish(scene, "a", "room/1", { until: "echo" });
    await scene.settle();
    expect(deaf.outcome()).toMatchObject({ code: "not-echoed", outcome: "none" });
    expect(scene.link.all("pub")).toEqual([]);
  });

  it("says that it was stored where the subscription is ended while the echo is waited for", async () => {
    const scene = await Scene.online();
    scene.client.channel("room/1").on("message", () => undefined);
    const alias = scene.subd("room/1", at(100));
    const taken = publish(scene, "a", "room/1", { until: "echo" });
    await scene.settle();
    await ok(scene, scene.link.last("pub"), 101);
    await scene.says({ t: "unsubd", c: alias, code: 203, why: "not yours any more" });
    expect(taken.outcome()).toMatchObject({ code: "not-echoed", outcome: "done" });
  });

  it("does not wait where the subscription ends before the publish is stored", async () => {
    const scene = await Scene.online();
    scene.client.channel("room/1").on("message", () => undefined);
    const late = publish(scene, "a", "room/1", { until: "echo" });
    await scene.settle();
    await scene.says({ t: "err", r: scene.link.last("sub").r, code: 203, name: "forbidden", why: "not yours" });
    await ok(scene, scene.link.last("pub"), 101);
    expect(late.outcome()).toMatchObject({ code: "not-echoed", outcome: "done" });
  });
});

describe("a server that asks for less", () => {
  /** Answers publishes as a server does that takes so many a second: counts what it refused. */
  async function limited(perSecond: number, count: number, forMs: number) {
    const scene = await Scene.online();
    const all = Array.from({ length: count }, (_, n) => publish(scene, n));
    const refused: number[] = [];
    let [level, answered, accepted] = [perSecond / 10, 0, 0];
    for (let ms = 0; ms < forMs; ms++) {
      level = Math.min(perSecond / 10, level + perSecond / 1_000);
      for (const pub of scene.link.all("pub").slice(answered)) {
        answered++;
        if (level >= 1) {
          level--;
          await ok(scene, pub, ++accepted);
        } else {
          refused.push(ms);
          await err(scene, pub, 429, 100);
        }
      }
      await scene.clock.advanceAsync(1);
    }
    return { scene, all, refused, accepted };
  }

  it("is sent nothing, of no channel, before the time it named", async () => {
    const scene = await Scene.online();
    publish(scene, "a");
    await err(scene, scene.link.last("pub"), 429, 300);
    publish(scene, "b", "room/2");
    void scene.client.call("rename").catch(() => undefined);
    await scene.clock.advanceAsync(299);
    expect([scene.link.all("pub").length, scene.link.all("call").length]).toEqual([1, 0]);
    await scene.clock.advanceAsync(20);
    expect(numbers(scene.link.all("pub"))).toEqual([
      ["a", 1, 0],
      ["a", 1, 0],
      ["b", 2, 0],
    ]);
  });

  it("gets what is waiting at about the rate it takes, all of it, without being asked again and again", async () => {
    const { all, refused, accepted, scene } = await limited(100, 300, 6_000);
    expect([accepted, scene.client.stats.outboxCount]).toEqual([300, 0]);
    expect(all.every(({ outcome }) => !(outcome() instanceof Error))).toBe(true);
    expect(refused.filter((ms) => ms > 1_000).length).toBeLessThan(60);
  });
});
