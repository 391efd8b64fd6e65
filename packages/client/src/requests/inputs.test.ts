import { describe, expect, it } from "vitest";
import { HeddleError } from "../errors.ts";
import { Scene } from "../testing/scripted-server.ts";
import { callWithValues, newInput } from "./inputs.ts";
import { streamFrom } from "./streams.ts";

/** Values that say how far they were pulled and how they ended. */
function counted(countMax = Infinity, pad = "") {
  const seen = { pulled: 0, ended: 0 };
  async function* values() {
    try {
      while (seen.pulled < countMax) yield `${++seen.pulled}${pad}`;
    } finally {
      seen.ended++;
    }
  }
  return { seen, values: values() };
}

async function calling(values: AsyncIterable<unknown> | Iterable<unknown>, options = {}) {
  const scene = await Scene.online();
  const result = callWithValues(scene.client, "load", values, options);
  result.catch(() => "looked at by the test");
  await scene.settle();
  const { r } = scene.link.last("call");
  const grants = (n: number, more = {}) => scene.says({ t: "part", r, n, ...more });
  const sent = () => scene.link.all("part").map(({ d }) => d);
  return { scene, result, r, grants, sent };
}

describe("a call with a stream of input", () => {
  it("sends values when the server asks for them, then that these were all, and resolves with the answer", async () => {
    const { scene, result, r, grants, sent } = await calling(["a", undefined, "b"]);
    expect(scene.link.last("call")).toEqual({ t: "call", r, op: "load" });
    expect(sent()).toEqual([]);
    await grants(0);
    expect(scene.link.all("part")).toEqual([
      { t: "part", r, d: "a" },
      { t: "part", r, d: null },
      { t: "part", r, d: "b" },
      { t: "part", r },
    ]);
    await scene.says({ t: "ok", r, d: 3 });
    expect(await result).toBe(3);
  });

  it("pulls no more than a window ahead of what the server has taken", async () => {
    const { seen, values } = counted(Infinity, "x".repeat(20_000));
    const { grants } = await calling(values);
    await grants(0);
    expect(seen.pulled).toBe(4);
    await grants(2);
    expect(seen.pulled).toBe(6);
    await grants(1);
    expect(seen.pulled).toBe(6);
  });

  it("lets go of the values when the server wants no more, and still waits for the answer", async () => {
    const { seen, values } = counted(Infinity, "x".repeat(20_000));
    const { scene, result, r, grants, sent } = await calling(values);
    await grants(0);
    await grants(1, { stop: 1 });
    await scene.settle();
    expect(seen.ended).toBe(1);
    const { length } = sent();
    await scene.says({ t: "ok", r, d: "enough" });
    expect(await result).toBe("enough");
    expect(sent()).toHaveLength(length);
  });

  it("is cancelled by what the values throw, and rejects with that", async () => {
    const broken = (function* () {
      yield 1;
      throw new RangeError("no more");
    })();
    const { scene, result, r, grants } = await calling(broken);
    await grants(0);
    await expect(result).rejects.toThrow(RangeError);
    expect(scene.link.all("cancel")).toEqual([{ t: "cancel", r }]);
  });

  it("is cancelled by a value that is too large", async () => {
    const { result, grants } = await calling(["x".repeat(65_536)]);
    await grants(0);
    await expect(result).rejects.toMatchObject({ code: 303 });
  });

  it.each([
    ["refuses", { t: "err", code: 306, name: "refused" } as const, HeddleError],
    ["answers early", { t: "ok" } as const, undefined],
  ])("lets go of the values when the server %s", async (_, answer, error) => {
    const { seen, values } = counted(Infinity, "x".repeat(70_000 / 4));
    const { scene, result, r, grants } = await calling(values);
    await grants(0);
    await scene.says({ ...answer, r });
    if (error === undefined) await result;
    else await expect(result).rejects.toBeInstanceOf(error);
    await scene.settle();
    expect(seen.ended).toBe(1);
  });

  it("lets go of the values on abort and when the connection ends, and is not repeated", async () => {
    for (const end of ["abort", "lost"]) {
      const { seen, values } = counted(Infinity, "x".repeat(20_000));
      const stop = new AbortController();
      const { scene, result, grants } = await calling(values, { signal: stop.signal });
      await grants(0);
      if (end === "abort") stop.abort();
      else await scene.reconnect();
      await expect(result).rejects.toMatchObject({ code: end === "abort" ? "aborted" : "unknown-outcome" });
      await scene.settle();
      expect(seen.ended).toBe(1);
      if (end === "lost") expect(scene.link.all("call")).toEqual([]);
    }
  });

  it("takes values back while it sends", async () => {
    const scene = await Scene.online();
    const { seen, values } = counted(2);
    const out = streamFrom(scene.client, "through", undefined, {}, (failed) => newInput(scene.client, values, failed));
    const first = out.next();
    await scene.settle();
    const { r } = scene.link.last("call");
    await scene.says({ t: "part", r, n: 0 }, { t: "part", r, d: "one" });
    expect(await first).toEqual({ value: "one", done: false });
    expect(scene.link.all("part")).toHaveLength(3);
    await scene.says({ t: "ok", r });
    expect(await out.next()).toEqual({ value: undefined, done: true });
    expect(seen.ended).toBe(1);
  });
});

describe("an answer of many values", () => {
  const ask = { t: "ask", r: "n1~1", op: "list", ms: 5_000, w: 50_000 } as const;

  it("is sent as far as the server takes it, and ends with a reply", async () => {
    const scene = await Scene.online();
    const { seen, values } = counted(4, "x".repeat(20_000));
    scene.client.onAsk("list", () => values);
    await scene.says(ask);
    expect(seen.pulled).toBe(3);
    await scene.says({ t: "part", r: ask.r, n: 2 });
    expect(seen.pulled).toBe(4);
    expect(scene.link.all("part").map(({ r }) => r)).toEqual(Array.from({ length: 4 }, () => ask.r));
    expect(scene.link.all("reply")).toEqual([{ t: "reply", r: ask.r }]);
  });

  it("is let go of when it is cancelled, at its deadline, and when the connection ends", async () => {
    for (const end of ["cancel", "deadline", "lost"]) {
      const scene = await Scene.online();
      const { seen, values } = counted(Infinity, "x".repeat(20_000));
      scene.client.onAsk("list", () => values);
      await scene.says(ask);
      if (end === "cancel") await scene.says({ t: "cancel", r: ask.r });
      else if (end === "deadline") await scene.clock.advanceAsync(ask.ms);
      else await scene.reconnect();
      await scene.settle();
      expect(seen.ended).toBe(1);
      expect(scene.link.all("reply")).toEqual([]);
    }
  });

  it("that throws, or is none, is refused", async () => {
    const scene = await Scene.online();
    scene.client.onAsk("list", () => 7);
    await scene.says(ask);
    expect(scene.link.last("reply")).toMatchObject({ err: { code: 310 } });
  });
});
