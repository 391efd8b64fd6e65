import { describe, expect, it } from "vitest";
import { EngineError, type Appended, type Draft } from "../ports/index.ts";
import { engineWith } from "../testing/engine-with.ts";
import { openPolicy, openWorld, pub, sub, type World } from "../testing/fixture.ts";

/** What the application thinks of publishes, now. */
type Opinion = "allowed" | "forbidden" | "refused" | "broken";

interface Case {
  readonly world: World;
  now(opinion: Opinion): void;
}

async function worldWith(engine?: ReturnType<typeof engineWith>): Promise<Case> {
  let opinion: Opinion = "allowed";
  const policy = openPolicy({
    authorize: (action) => action !== "publish" || opinion !== "forbidden",
    prepare: (_event, value) => {
      if (opinion === "broken") throw new Error("the application's");
      if (opinion === "refused") return { is: "refused", why: "no more" };
      return { is: "ok", json: JSON.stringify(value) };
    },
  });
  const world = await openWorld({ channels: { room: policy }, ...(engine === undefined ? {} : { engine }) });
  return { world, now: (next) => void (opinion = next) };
}

const codes = { forbidden: 203, refused: 306, broken: 310 } as const;

describe.each(["forbidden", "refused", "broken"] as const)("a publish that is %s now", (opinion) => {
  it("is a duplicate when it was accepted before, on another connection, too", async () => {
    const { world, now } = await worldWith();
    const client = await world.connect();
    await client.say(sub(1), pub(1, "a"));
    now(opinion);
    await client.say(pub(1, "a"));
    const { p } = client.of("ok")[0] ?? {};
    expect(client.of("ok")).toMatchObject([{ r: 1001 }, { r: 1001, dup: 1, p }]);
    const again = await world.connect();
    await again.say(pub(1, "a"));
    expect(again.of("ok")).toMatchObject([{ dup: 1, p }]);
    expect([...client.of("err"), ...again.of("err")]).toEqual([]);
    expect(client.payloads).toEqual(["a"]);
  });

  it("is refused when it is new, and stored nowhere", async () => {
    const { world, now } = await worldWith();
    const client = await world.connect();
    await client.say(sub(1), pub(1, "a"));
    now(opinion);
    await client.say(pub(2, "b"), pub(1, "not a"), pub(4, "d", { pn: 3 }));
    expect(client.of("err").map(({ r, code }) => [r, code])).toEqual(
      [1002, 1001, 1004].map((r) => [r, codes[opinion]]),
    );
    now("allowed");
    await client.say(pub(2, "b"));
    expect(client.payloads).toEqual(["a", "b"]);
  });

  it("is no definite no while the store does not say whether it was accepted", async () => {
    let isDown = false;
    const append = (draft: Draft, real: () => Promise<Appended>): Promise<Appended> =>
      isDown ? Promise.reject(new EngineError("unreachable", `${draft.id}: down`)) : real();
    const { world, now } = await worldWith(
      engineWith({}, (real) => ({ append: (ch, draft) => append(draft, () => real().append(ch, draft)) })),
    );
    const client = await world.connect();
    await client.say(pub(1, "a"));
    now(opinion);
    isDown = true;
    await client.say(pub(1, "a"));
    expect(client.of("err")).toMatchObject([{ r: 1001, code: 101, ms: 500 }]);
    isDown = false;
    await client.say(pub(1, "a"));
    expect(client.last("ok")).toMatchObject({ r: 1001, dup: 1 });
  });
});

describe("an engine that cannot compare positions", () => {
  it("is not asked about refused publishes: it would store them", async () => {
    let appendCount = 0;
    const engine = engineWith({ cas: false }, (real) => ({
      append: (ch, draft) => {
        appendCount++;
        return real().append(ch, draft);
      },
    }));
    const { world, now } = await worldWith(engine);
    const client = await world.connect();
    now("refused");
    await client.say(pub(1, "a"));
    expect(client.of("err")).toMatchObject([{ r: 1001, code: 306 }]);
    expect(appendCount).toBe(0);
  });
});
