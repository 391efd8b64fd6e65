import { runInNewContext } from "node:vm";
import { FakeClock, SeededRandom } from "@heddle/base/fakes";
import type { Actor, CallOutcome, ChannelPolicy, Stoppable } from "@heddle/hub/ports";
import { HubError } from "@heddle/hub";
import { call, channel, defineContract, stream, volatile } from "@heddle/protocol/contract";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Logger } from "../logger.ts";
import { ContractApplication } from "./application.ts";
import { payloadBytesMax } from "./payload.ts";
import { Faults, forbid, refuse } from "./refusal.ts";
import { Setup } from "./setup.ts";
import { stateAt } from "./snapshot.ts";

const contract = defineContract({
  channels: {
    room: channel({
      params: { roomId: z.string().max(8) },
      events: {
        message: z.object({ text: z.string().min(1), count: z.number().default(1) }),
        slow: z.string().refine(async (text) => text !== "bad", "is bad"),
        blob: z.unknown(),
        typing: volatile(z.boolean()),
      },
      member: z.object({ name: z.string() }),
      history: { entries: 5, ageMs: 60_000 },
    }),
    quotes: channel({ params: {}, events: { tick: volatile(z.number()) } }),
    prices: channel({ params: {}, events: { price: z.number() }, slow: "latest", everyMs: 100 }),
    cursors: channel({
      params: {},
      events: { moved: z.object({ who: z.string(), x: z.number() }), hint: volatile(z.number()) },
      slow: { latestBy: ({ payload }) => payload.who },
      everyMs: 50,
      flushMs: 20,
    }),
    orders: channel({ params: {}, events: { order: z.number() }, slow: "disconnect" }),
  },
  calls: {
    add: call({ input: z.object({ a: z.number() }), output: z.object({ sum: z.number() }), idempotent: true }),
    nothing: call({ input: z.undefined(), output: z.void() }),
    text: call({ input: z.number(), output: z.string() }),
    count: call({ input: z.number(), output: stream(z.number().max(3)) }),
  },
});

const who = (userId: string | undefined): Actor => ({
  ...{ userId, claims: { role: "reader" }, expiresAtMs: undefined, connectionId: "n1-1", x: "xxxx" },
});

const stop: Stoppable = { signal: new AbortController().signal, isStopped: false };

function world({ opensChannelsToAnonymous = false } = {}) {
  const clock = new FakeClock();
  const errors: { readonly details: object; readonly message: string }[] = [];
  const quiet = (): void => {};
  const logger: Logger = {
    ...{ debug: quiet, info: quiet, warn: quiet },
    error: (details, message) => void errors.push({ details, message }),
  };
  const setup = new Setup();
  const faults = new Faults(logger, new SeededRandom(1));
  const env = { faults, opensChannelsToAnonymous, wallMs: () => clock.wallMs() };
  const application = new ContractApplication(contract, setup, env);
  const policy = (name = "room/1"): ChannelPolicy => {
    const found = application.channel(name);
    if (found === undefined) throw new Error(`no channel ${name}`);
    return found;
  };
  const run = (
    name: string,
    value: unknown,
    signal = new AbortController().signal,
  ): CallOutcome | Promise<CallOutcome> => {
    const operation = application.operation(name);
    if (operation === undefined) throw new Error(`no operation ${name}`);
    const context = { who: who("u1"), idempotencyKey: "xxxx:1" };
    return operation.run(value, {
      ...{ ...context, signal },
      get isStopped() {
        return signal.aborted;
      },
    });
  };
  return { clock, errors, setup, application, policy, run };
}

describe("a channel's policy", () => {
  it("says what the contract says", () => {
    const { policy } = world();
    expect(policy()).toMatchObject({
      keep: { entries: 5, ageMs: 60_000 },
      recoverMax: 5,
      ...{ mode: "resume", everyMs: 0, flushMs: 0, isDurable: true, hasPresence: true },
    });
    expect(policy("quotes")).toMatchObject({ isDurable: false, hasPresence: false });
    expect(policy("prices")).toMatchObject({ mode: "latest", everyMs: 100, disconnectsSlow: false });
    expect(policy("cursors")).toMatchObject({ mode: "key", everyMs: 50, flushMs: 20 });
    expect(policy("orders")).toMatchObject({ mode: "resume", disconnectsSlow: true });
    expect([policy().event("message"), policy().event("typing"), policy().event("toString")]).toEqual([
      ...["durable", "volatile", undefined],
    ]);
  });

  it("exists for names of the contract alone", () => {
    const { application } = world();
    for (const name of ["room", "room/1/2", "room/too-long-a-name", "nope", "room/%zz", "__proto__", "constructor"]) {
      expect(application.channel(name)).toBeUndefined();
    }
  });

  it("is made once per name", () => {
    const { policy } = world();
    expect(policy("room/a")).toBe(policy("room/a"));
    expect(policy("room/b")).not.toBe(policy("room/a"));
  });
});

describe("latestBy", () => {
  it("names what a stored event is about, as the hook left it, and nothing of a volatile one", async () => {
    const { setup, policy } = world();
    setup.setHook("cursors", "moved", (value) => ({ ...(value as object), who: "u1's" }));
    const prepared = policy("cursors").prepare("moved", { who: "me", x: 1 }, who("u1"), stop);
    expect(await prepared).toEqual({ is: "ok", json: '{"who":"u1\'s","x":1}', key: "u1's" });
    expect(await policy("cursors").prepare("hint", 1, who("u1"), stop)).toEqual({ is: "ok", json: "1" });
  });

  it.each(["", "x".repeat(65)])("that gives no key that fits (%j) is a fault of the application", async (key) => {
    const { policy, errors } = world();
    await expect(policy("cursors").prepare("moved", { who: key, x: 1 }, who("u1"), stop)).rejects.toMatchObject({
      code: "failed",
    });
    expect(errors).toHaveLength(1);
  });
});

describe("authorize", () => {
  it("without a hook is for whoever is signed in", async () => {
    const { policy } = world();
    expect(await policy().authorize("publish", who("u1"), stop)).toBe(true);
    expect(await policy().authorize("subscribe", who(undefined), stop)).toBe(false);
    const open = world({ opensChannelsToAnonymous: true });
    expect(await open.policy().authorize("subscribe", who(undefined), stop)).toBe(true);
  });

  it("asks the hook about user, parameters and action, and takes true alone for a yes", async () => {
    const { setup, policy } = world({ opensChannelsToAnonymous: true });
    const seen: unknown[] = [];
    let answer: unknown = true;
    setup.setAuthorize("room", (context) => {
      seen.push(context);
      return answer;
    });
    expect(await policy().authorize("history", who(undefined), stop)).toBe(true);
    expect(seen).toEqual([
      {
        ...{ channel: "room/1", params: { roomId: "1" }, action: "history", connectionId: "n1-1" },
        user: { id: "~xxxx", isAnonymous: true, claims: { role: "reader" } },
        claims: { role: "reader" },
        signal: stop.signal,
      },
    ]);
    for (answer of [false, undefined, "yes", 1])
      expect(await policy().authorize("publish", who("u1"), stop)).toBe(false);
  });

  it("that throws is no yes, and is logged", async () => {
    const { setup, policy, errors } = world();
    setup.setAuthorize("room", () => {
      throw new Error("database down");
    });
    await expect(policy().authorize("publish", who("u1"), stop)).rejects.toMatchObject({ code: "failed" });
    expect(errors).toHaveLength(1);
  });
});

describe("an event", () => {
  it("is stored as its schema gives it", async () => {
    const { policy } = world();
    const prepared = await policy().prepare("message", { text: "hi", extra: 1 }, who("u1"), stop);
    expect(prepared).toEqual({ is: "ok", json: '{"text":"hi","count":1}' });
  });

  it("that breaks its schema is refused with path and rule", async () => {
    const { policy } = world();
    const prepared = await policy().prepare("message", { text: "" }, who("u1"), stop);
    expect(prepared).toMatchObject({ is: "refused", issues: [{ path: ["text"] }] });
    expect(prepared.is === "refused" && prepared.why).toMatch(/^message: text: Too small/);
  });

  it("may have a schema that answers later", async () => {
    const { policy } = world();
    expect(await policy().prepare("slow", "good", who("u1"), stop)).toEqual({ is: "ok", json: '"good"' });
    expect(await policy().prepare("slow", "bad", who("u1"), stop)).toMatchObject({
      is: "refused",
      why: "slow: is bad",
    });
  });

  it("passes the hook, which may change it, leave it, or refuse it or the user", async () => {
    const { setup, policy, clock, errors } = world();
    setup.setHook("room", "message", (value, { user, now, params }) => {
      const { text } = value as { text: string };
      if (text === "no") refuse("not that word", [{ path: ["text"], message: "not that word" }]);
      if (text === "out") forbid("banned here");
      return text === "same" ? undefined : { text, from: user.id, at: now, room: params["roomId"] };
    });
    const prepare = (text: string) => policy().prepare("message", { text }, who("u1"), stop);
    expect(await prepare("hi")).toEqual({
      is: "ok",
      json: JSON.stringify({ text: "hi", from: "u1", at: clock.wallMs(), room: "1" }),
    });
    expect(await prepare("same")).toEqual({ is: "ok", json: '{"text":"same","count":1}' });
    const issues = [{ path: ["text"], message: "not that word" }];
    await expect(prepare("no")).rejects.toMatchObject({ code: "refused", message: "not that word", issues });
    await expect(prepare("out")).rejects.toMatchObject({ code: "forbidden", message: "banned here" });
    expect(errors).toEqual([]);
  });

  it("is answered with an id and nothing else when the hook breaks", async () => {
    const { setup, policy, errors } = world();
    setup.setHook("room", "message", () => {
      throw new Error("password is hunter2");
    });
    let failure: unknown;
    try {
      await policy().prepare("message", { text: "hi" }, who("u1"), stop);
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(HubError);
    const { code, message } = failure as HubError;
    expect(code).toBe("failed");
    expect(message).toMatch(/^internal error [0-9a-z]+$/);
    expect(errors).toHaveLength(1);
    const { details } = errors[0] as { details: { id: string; where: string; reason: string } };
    expect(message).toContain(details.id);
    expect(details).toMatchObject({ where: 'room/1: on("message")', reason: "password is hunter2" });
  });

  it("is no larger than a connection's queue, and nothing JSON cannot say", async () => {
    const { policy, errors } = world();
    const largest = "x".repeat(payloadBytesMax - 2);
    expect(await policy().prepare("blob", largest, who("u1"), stop)).toMatchObject({ is: "ok" });
    await expect(policy().prepare("blob", `${largest}x`, who("u1"), stop)).rejects.toMatchObject({ code: "tooLarge" });
    await expect(policy().prepare("blob", "é".repeat(payloadBytesMax / 2), who("u1"), stop)).rejects.toThrow(
      /at most 262144/,
    );
    await expect(policy().prepare("blob", 1n, who("u1"), stop)).rejects.toMatchObject({ code: "failed" });
    expect(errors).toHaveLength(1);
    expect(await policy().prepare("blob", undefined, who("u1"), stop)).toEqual({ is: "ok", json: "null" });
  });

  it("never holds a raw line break, whatever the text", async () => {
    const { policy } = world();
    const prepared = await policy().prepare("message", { text: "a\nb\r\u2028" }, who("u1"), stop);
    expect(prepared.is === "ok" && /[\n\r]/.test(prepared.json ?? "")).toBe(false);
  });
});

describe("a member's data", () => {
  it("is checked by its schema", async () => {
    const { policy } = world();
    expect(await policy().prepareMember({ name: "Ada", x: 1 }, who("u1"))).toEqual({
      is: "ok",
      json: '{"name":"Ada"}',
    });
    expect(await policy().prepareMember({}, who("u1"))).toMatchObject({ is: "refused", issues: [{ path: ["name"] }] });
    expect(await policy("quotes").prepareMember({}, who("u1"))).toMatchObject({ is: "refused" });
  });
});

describe("whom a session counts as", () => {
  it("is itself, unless it is its user or what the application names", () => {
    const { setup, policy } = world();
    expect(policy("room/1").memberKey).toBeUndefined();
    setup.setMemberBy("room", "user");
    expect([policy("room/2").memberKey?.(who("ada")), policy("room/2").memberKey?.(who(undefined))]).toEqual([
      "ada",
      "~xxxx",
    ]);
    const { setup: other, policy: named } = world();
    other.setMemberBy(
      "room",
      ({ user, claims, params }) => `${user.id} ${String(claims["role"])} ${String(params["roomId"])}`,
    );
    expect(named().memberKey?.(who("ada"))).toBe("ada reader 1");
  });

  it("is nobody when the application fails to name it: the client is told failed, the operator why", () => {
    const { setup, policy, errors } = world();
    setup.setMemberBy("room", () => {
      throw new Error("no device");
    });
    expect(() => policy().memberKey?.(who("ada"))).toThrow(HubError);
    expect(errors).toHaveLength(1);
  });
});

describe("a snapshot", () => {
  const position = { epoch: "E", offset: 3, tag: 7 };

  it("is there when the application loads one, and sees the position", async () => {
    const { setup, policy } = world();
    expect(policy("prices").snapshot).toBeUndefined();
    setup.setSnapshot("room", { shared: true, load: ({ params, position: at }) => ({ params, at }) });
    const { snapshot } = policy();
    if (!snapshot?.shared) throw new Error("not shared");
    expect(await snapshot.load(position, stop)).toEqual({ json: '{"params":{"roomId":"1"},"at":["E",3,7]}' });
  });

  it("of one user sees that user", async () => {
    const { setup, policy } = world();
    setup.setSnapshot("room", { shared: false, load: async ({ user }) => user.id });
    const { snapshot } = policy();
    if (snapshot === undefined || snapshot.shared) throw new Error("shared");
    expect(await snapshot.load(position, who("u1"), stop)).toEqual({ json: '"u1"' });
  });

  it("may say which position it includes", async () => {
    const { setup, policy } = world();
    setup.setSnapshot("room", { shared: true, load: () => stateAt(["E", 2, 9], [1]) });
    const { snapshot } = policy();
    if (!snapshot?.shared) throw new Error("not shared");
    expect(await snapshot.load(position, stop)).toEqual({ json: "[1]", position: { epoch: "E", offset: 2, tag: 9 } });
    expect(() => stateAt(["E", -1, 9], [])).toThrow(/^position: /);
  });
});

describe("a call", () => {
  it("runs its handler on the schema's output and sends what the output's schema gives", async () => {
    const { setup, run, application } = world();
    setup.setCallHandler("add", (input, { user, idempotencyKey }) => ({
      ...{ sum: (input as { a: number }).a + 1, secret: [user, idempotencyKey] },
    }));
    expect(await run("add", { a: 1, b: 2 })).toEqual({ is: "ok", json: '{"sum":2}' });
    expect(application.operation("add")?.isIdempotent).toBe(true);
    expect(application.operation("nope")).toBeUndefined();
    expect(application.operation("toString")).toBeUndefined();
  });

  it("is answered at once where neither schema nor handler waits, and late where one does", async () => {
    const { setup, run } = world();
    const add = (input: unknown): { sum: number } => ({ sum: (input as { a: number }).a });
    setup.setCallHandler("add", add);
    expect(run("add", { a: 1 })).toEqual({ is: "ok", json: '{"sum":1}' });
    expect(run("add", { a: "1" })).toMatchObject({ is: "refused" });
    const late = world();
    late.setup.setCallHandler("add", async (input) => add(input));
    const outcome = late.run("add", { a: 1 });
    expect(outcome).toBeInstanceOf(Promise);
    expect(await outcome).toEqual({ is: "ok", json: '{"sum":1}' });
  });

  it("takes a promise of any maker", async () => {
    const { setup, run } = world();
    const foreign: unknown = runInNewContext("Promise.resolve({ sum: 7 })");
    expect(foreign).not.toBeInstanceOf(Promise);
    setup.setCallHandler("add", () => foreign);
    expect(await run("add", { a: 1 })).toEqual({ is: "ok", json: '{"sum":7}' });
  });

  it("may take and return nothing", async () => {
    const { setup, run } = world();
    setup.setCallHandler("nothing", () => undefined);
    expect(await run("nothing", undefined)).toEqual({ is: "ok", json: undefined });
  });

  it("is refused with path and rule when its input is wrong; the handler does not run", async () => {
    const { setup, run } = world();
    setup.setCallHandler("add", () => expect.fail("ran"));
    expect(await run("add", { a: "1" })).toMatchObject({ is: "refused", issues: [{ path: ["a"] }] });
  });

  it("can be refused and forbidden by its handler", async () => {
    const { setup, run, errors } = world();
    setup.setCallHandler("add", (input) => ((input as { a: number }).a > 1 ? forbid() : refuse("too little")));
    expect(await run("add", { a: 1 })).toEqual({ is: "refused", why: "too little" });
    expect(await run("add", { a: 2 })).toEqual({ is: "forbidden", why: "not allowed" });
    expect(errors).toEqual([]);
  });

  it("fails with an id alone when the handler breaks or returns what the contract does not allow", async () => {
    const { setup, run, errors } = world();
    setup.setCallHandler("add", (input) => {
      if ((input as { a: number }).a === 1) throw new HubError("conflict", "inner secret");
      return { sum: "many" };
    });
    for (const a of [1, 2]) {
      expect(await run("add", { a })).toEqual({
        is: "failed",
        why: expect.stringMatching(/^internal error [0-9a-z]+$/) as string,
      });
    }
    expect(errors.map(({ message }) => message)).toEqual(['call("add") failed', 'call("add") failed']);
  });

  it("whose result is too large is answered so, not as a fault", async () => {
    const { setup, run, errors } = world();
    setup.setCallHandler("text", () => "x".repeat(payloadBytesMax));
    expect(await run("text", 1)).toEqual({
      is: "tooLarge",
      why: `text: ${payloadBytesMax + 2} bytes, at most ${payloadBytesMax} are sent`,
    });
    expect(errors).toEqual([]);
  });

  it("that was cancelled before its handler began does not begin it", async () => {
    const { setup, run } = world();
    setup.setCallHandler("add", () => expect.fail("ran"));
    expect(await run("add", { a: 1 }, AbortSignal.abort())).toEqual({ is: "failed", why: "cancelled" });
  });

  it("that was cancelled is not reported as a fault", async () => {
    const { setup, run, errors } = world();
    const stop = new AbortController();
    setup.setCallHandler("add", async (_input, { signal }) => {
      stop.abort();
      signal.throwIfAborted();
    });
    expect(await run("add", { a: 1 }, stop.signal)).toEqual({ is: "failed", why: "cancelled" });
    expect(errors).toEqual([]);
  });
});

describe("a stream", () => {
  /** The texts of a stream up to its end, and what it threw. */
  async function drained(outcome: CallOutcome): Promise<{ texts: string[]; thrown: unknown }> {
    if (outcome.is !== "stream") throw new Error(`no stream but ${outcome.is}`);
    const texts: string[] = [];
    try {
      for await (const text of outcome.values) texts.push(text);
      return { texts, thrown: undefined };
    } catch (thrown) {
      return { texts, thrown };
    }
  }

  it.each([
    [
      "an async generator",
      async function* () {
        yield 1;
        yield 2;
      },
    ],
    ["a list", () => [1, 2]],
    ["a promise of one", async () => [1, 2]],
  ])("takes its values from %s", async (_what, handler) => {
    const { setup, run, application } = world();
    setup.setCallHandler("count", handler);
    expect(application.operation("count")?.isStream).toBe(true);
    expect(await drained(await run("count", 2))).toEqual({ texts: ["1", "2"], thrown: undefined });
  });

  it("ends at a value the contract does not allow, and says no more than an id", async () => {
    const { setup, run, errors } = world();
    let isReturned = false;
    setup.setCallHandler("count", function* () {
      try {
        yield 3;
        yield 4;
      } finally {
        isReturned = true;
      }
    });
    expect(await drained(await run("count", 2))).toMatchObject({ texts: ["3"], thrown: { code: "failed" } });
    expect([isReturned, errors.length]).toEqual([true, 1]);
  });

  it("can be refused on the way, and fails when its handler gives nothing to iterate", async () => {
    const { setup, run } = world();
    setup.setCallHandler("count", function* (to) {
      yield 1;
      if (to === 2) refuse("enough");
    });
    expect(await drained(await run("count", 2))).toMatchObject({ texts: ["1"], thrown: { code: "refused" } });
    const other = world();
    other.setup.setCallHandler("count", () => 7);
    expect(await drained(await other.run("count", 2))).toMatchObject({ texts: [], thrown: { code: "failed" } });
  });

  it("that was cancelled is not reported as a fault", async () => {
    const { setup, run, errors } = world();
    const stop = new AbortController();
    setup.setCallHandler("count", async function* (_to, { signal }) {
      yield 1;
      stop.abort();
      signal.throwIfAborted();
    });
    expect(await drained(await run("count", 2, stop.signal))).toEqual({ texts: ["1"], thrown: undefined });
    expect(errors).toEqual([]);
  });
});

describe("the start", () => {
  it("needs a handler for every call", () => {
    const { setup, application } = world();
    setup.setCallHandler("nothing", () => undefined);
    expect(() => application.start()).toThrow(
      /calls without a handler; before listen\(\) add server\.call\("add", …\), .*server\.call\("count", …\)$/,
    );
  });

  it("makes policies anew that were made before the set-up was finished", async () => {
    const { setup, application, policy } = world();
    setup.setCallHandler("add", () => ({ sum: 1 }));
    setup.setCallHandler("nothing", () => undefined);
    setup.setCallHandler("count", () => []);
    setup.setCallHandler("text", () => "");
    policy("room/1");
    setup.setSnapshot("room", { shared: true, load: () => 1 });
    application.start();
    expect(policy("room/1").snapshot).toBeDefined();
  });
});
