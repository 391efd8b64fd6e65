import { describe, expect, it } from "vitest";
import { HeddleError } from "../errors.ts";
import { Scene } from "../testing/scripted-server.ts";

describe("a call", () => {
  it("is answered with what the handler returned", async () => {
    const scene = await Scene.online();
    const answer = scene.client.call("rename", { to: "x" });
    await scene.settle();
    const call = scene.link.last("call");
    expect(call).toEqual({ t: "call", op: "rename", d: { to: "x" }, r: call.r, ms: 30_000 });
    await scene.says({ t: "ok", r: call.r, d: { name: "x" } });
    await expect(answer).resolves.toEqual({ name: "x" });
  });

  it("rejects with the server's refusal, and only once", async () => {
    const scene = await Scene.online();
    const answer = scene.client.call("rename");
    await scene.settle();
    const { r } = scene.link.last("call");
    await Promise.all([
      expect(answer).rejects.toBeInstanceOf(HeddleError),
      scene.says({ t: "err", r, code: 310, name: "failed" }, { t: "ok", r, d: 1 }),
    ]);
  });

  it("is cancelled at the server by its signal and by its deadline", async () => {
    const scene = await Scene.online();
    const stop = new AbortController();
    const aborted = scene.client.call("slow", 1, { signal: stop.signal });
    const late = scene.client.call("slow", 2, { timeoutMs: 5_000 });
    const outcomes = Promise.allSettled([aborted, late]);
    await scene.settle();
    const [first, second] = scene.link.all("call");
    expect(second?.ms).toBe(5_000);
    stop.abort();
    await scene.clock.advanceAsync(5_000);
    expect(scene.link.all("cancel").map(({ r }) => r)).toEqual([first?.r, second?.r]);
    expect(await outcomes).toMatchObject([
      { reason: { code: "aborted", outcome: "unknown" } },
      { reason: { code: "timeout", outcome: "unknown" } },
    ]);
  });

  it("that was never sent is known not to have run", async () => {
    const scene = new Scene();
    const late = scene.client.call("slow", 2, { timeoutMs: 5_000 });
    await Promise.all([
      expect(late).rejects.toMatchObject({ code: "timeout", outcome: "none" }),
      scene.clock.advanceAsync(5_000),
    ]);
  });

  it("waits for a connection, and its deadline runs meanwhile", async () => {
    const scene = new Scene();
    void scene.client.call("rename");
    await scene.clock.advanceAsync(4_000);
    await scene.welcomed();
    expect(scene.link.last("call").ms).toBe(26_000);
  });

  it("is not repeated after a lost connection: nobody knows what became of it", async () => {
    const scene = await Scene.online();
    const lost = scene.client.call("pay");
    await scene.settle();
    await Promise.all([
      expect(lost).rejects.toMatchObject({ code: "unknown-outcome", outcome: "unknown" }),
      scene.reconnect(),
    ]);
    expect(scene.link.all("call")).toEqual([]);
  });

  it("that is idempotent is repeated with the same number", async () => {
    const scene = await Scene.online();
    const answer = scene.client.call("order", 1, { idempotent: true });
    await scene.settle();
    const { n } = scene.link.last("call");
    expect(n).toBe(1);
    await scene.reconnect();
    const again = scene.link.last("call");
    expect(again.n).toBe(n);
    await scene.says({ t: "ok", r: again.r, d: "filled" });
    await expect(answer).resolves.toBe("filled");
  });

  it("is repeated when the server did not take it, not when nobody knows", async () => {
    const scene = await Scene.online();
    const calls = [scene.client.call("a"), scene.client.call("b"), scene.client.call("c", 1, { idempotent: true })];
    const outcomes = Promise.allSettled(calls);
    await scene.settle();
    const [a, b, c] = scene.link.all("call");
    await scene.says(
      { t: "err", r: a?.r ?? -1, code: 103, name: "overloaded", ms: 50 },
      { t: "err", r: b?.r ?? -1, code: 102, name: "outcome_unknown", ms: 50 },
      { t: "err", r: c?.r ?? -1, code: 102, name: "outcome_unknown", ms: 50 },
    );
    await scene.clock.advanceAsync(50);
    expect(scene.link.all("call").map(({ op }) => op)).toEqual(["a", "b", "c", "a", "c"]);
    for (const { r } of scene.link.all("call").slice(3)) await scene.says({ t: "ok", r });
    expect(await outcomes).toMatchObject([
      { status: "fulfilled" },
      { reason: { code: "unknown-outcome" } },
      { status: "fulfilled" },
    ]);
  });

  it("keeps at most the server's window open; the others wait their turn", async () => {
    const scene = await Scene.online({}, { rw: 2 });
    for (const op of ["a", "b", "c"]) void scene.client.call(op).catch(() => "not awaited here");
    await scene.settle();
    expect(scene.link.all("call").map(({ op }) => op)).toEqual(["a", "b"]);
    await scene.says({ t: "ok", r: scene.link.all("call")[1]?.r ?? -1 });
    expect(scene.link.all("call").map(({ op }) => op)).toEqual(["a", "b", "c"]);
  });

  it("rejects with backpressure when too many wait", async () => {
    const scene = new Scene({ requestCount: 10 });
    for (let index = 0; index < 10; index++) void scene.client.call("x").catch(() => "not awaited here");
    await expect(scene.client.call("x")).rejects.toMatchObject({ code: "backpressure" });
  });

  it("in flight does not hold up another", async () => {
    const scene = await Scene.online();
    const slow = scene.client.call("slow").catch(() => "never");
    const quick = scene.client.call("quick");
    await scene.settle();
    await scene.says({ t: "ok", r: scene.link.last("call").r, d: 2 });
    await expect(quick).resolves.toBe(2);
    void slow;
  });
});

describe("a question from the server", () => {
  it("is answered by its handler", async () => {
    const scene = await Scene.online();
    scene.client.onAsk("confirm", async (question) => ({ yes: question }));
    await scene.says({ t: "ask", r: "n1~1", op: "confirm", d: "sure?", ms: 5_000 });
    expect(scene.link.all("reply")).toEqual([{ t: "reply", r: "n1~1", d: { yes: "sure?" } }]);
  });

  it("is refused without a handler, and by one that throws", async () => {
    const scene = await Scene.online();
    await scene.says({ t: "ask", r: "n1~1", op: "confirm", ms: 5_000 });
    const off = scene.client.onAsk("confirm", () => {
      throw new Error("no");
    });
    await scene.says({ t: "ask", r: "n1~2", op: "confirm", ms: 5_000 });
    off();
    await scene.says({ t: "ask", r: "n1~3", op: "confirm", ms: 5_000 });
    expect(scene.link.all("reply").map(({ r, err }) => [r, err?.code])).toEqual([
      ["n1~1", 302],
      ["n1~2", 310],
      ["n1~3", 302],
    ]);
  });

  it("stops its handler by cancel, deadline and the end of the connection, and is not answered then", async () => {
    const scene = await Scene.online();
    const stopped: unknown[] = [];
    scene.client.onAsk(
      "wait",
      (question, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => {
            stopped.push(question);
            resolve("late");
          });
        }),
    );
    await scene.says(
      { t: "ask", r: "n1~1", op: "wait", d: 1, ms: 60_000 },
      { t: "ask", r: "n1~2", op: "wait", d: 2, ms: 50 },
    );
    await scene.says({ t: "ask", r: "n1~3", op: "wait", d: 3, ms: 60_000 }, { t: "cancel", r: "n1~1" });
    expect(stopped).toEqual([1]);
    await scene.clock.advanceAsync(50);
    expect(stopped).toEqual([1, 2]);
    await scene.reconnect();
    expect(stopped).toEqual([1, 2, 3]);
    expect(scene.links.flatMap((link) => link.all("reply"))).toEqual([]);
  });

  it("is refused when too many are open", async () => {
    const scene = await Scene.online();
    scene.client.onAsk("wait", () => new Promise(() => undefined));
    for (let index = 0; index <= 32; index++) {
      await scene.says({ t: "ask", r: `n1~${index}`, op: "wait", ms: 60_000 });
    }
    expect(scene.link.all("reply")).toMatchObject([{ r: "n1~32", err: { code: 103 } }]);
  });
});
