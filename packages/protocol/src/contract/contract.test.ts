import { describe, expect, it } from "vitest";
import { z } from "zod";
import { channelName } from "../wire/names.ts";
import { wireLimits } from "../wire/limits.ts";
import {
  bytes,
  call,
  channel,
  ContractError,
  days,
  defineContract,
  issueLimits,
  validate,
  stream,
  volatile,
  type StandardSchemaV1,
} from "./index.ts";

/** A schema of nobody's library, asynchronous when asked to be. */
const even = (isAsync = false): StandardSchemaV1<number, number> => ({
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => {
      const result = typeof value === "number" && value % 2 === 0 ? { value } : { issues: [{ message: "not even" }] };
      return isAsync ? Promise.resolve(result) : result;
    },
  },
});

const text = z.string();

/** A contract of one channel, with what no compiler let through. */
const withChannel = (spec: object): unknown =>
  defineContract({ channels: { c: channel({ params: {}, events: {}, ...spec }) } });

const many = (count: number): Record<string, typeof text> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, text]));

const contract = defineContract({
  channels: {
    room: channel({ params: { roomId: z.string().min(1).max(8) }, events: { message: text, typing: volatile(text) } }),
    seat: channel({ params: { row: z.string(), number: z.coerce.number().int() }, events: { taken: text } }),
    table: channel({ params: { number: z.number().int() }, events: { served: text } }),
    note: channel({ params: { id: z.string() }, events: { changed: text } }),
    tag: channel({ params: { id: z.string().toLowerCase() }, events: { used: text } }),
    lobby: channel({ params: {}, events: { opened: text }, slow: "latest", everyMs: 100, history: { entries: 5 } }),
  },
  calls: { order: call({ input: even(), output: text, idempotent: true }), list: call({ input: text, output: text }) },
});

describe("a contract", () => {
  it("fills in what was left open", () => {
    expect(contract.channels.room).toMatchObject({
      slow: "resume",
      everyMs: 0,
      flushMs: 0,
      history: { entries: 1_000, ageMs: days(1) },
    });
    expect(contract.channels.lobby.history).toEqual({ entries: 5, ageMs: days(1) });
    expect(contract.channels.room.events.typing).toMatchObject({ isVolatile: true });
    expect([contract.calls.order.isIdempotent, contract.calls.list.isIdempotent]).toEqual([true, false]);
    expect([contract.asks, contract.notices]).toEqual([{}, {}]);
  });

  it("tells a stream of values from one value", () => {
    const { calls } = defineContract({
      calls: {
        one: call({ input: text, output: text }),
        many: call({ input: text, output: stream(text) }),
        into: call({ input: stream(text), output: text }),
        through: call({ input: stream(text), output: stream(text) }),
      },
    });
    const common = { input: text, output: text, isIdempotent: false };
    expect(calls).toEqual({
      one: { ...common, isStream: false, isInputStream: false },
      many: { ...common, isStream: true, isInputStream: false },
      into: { ...common, isStream: false, isInputStream: true },
      through: { ...common, isStream: true, isInputStream: true },
    });
  });

  it("reads a channel's name as its key and its parameters in alphabetical order", () => {
    expect(contract.resolve("room/a%2Fb")).toMatchObject({ key: "room", params: { roomId: "a/b" } });
    expect(contract.resolve("seat/7/C")?.params).toEqual({ number: 7, row: "C" });
    expect(contract.resolve("lobby")?.params).toEqual({});
  });

  it("shows a schema of numbers the number that is written", () => {
    expect(contract.resolve("table/7")?.params).toEqual({ number: 7 });
    expect(contract.resolve("table/-1")?.params).toEqual({ number: -1 });
    const others = ["07", "7.0", "1e3", "0x7", "-0", "NaN", "Infinity", "%207", ""];
    expect(others.filter((text) => contract.resolve(`table/${text}`) !== undefined)).toEqual([]);
  });

  it("knows a name of the greatest length, counted in bytes, and none that is longer", () => {
    const most = wireLimits.channelNameBytes - "note/".length;
    expect(contract.resolve(`note/${"x".repeat(most)}`)).toBeDefined();
    expect(contract.resolve(`note/${"x".repeat(most + 1)}`)).toBeUndefined();
    expect(contract.resolve(channelName("note", { id: "ü".repeat(most / 6) }))).toBeDefined();
    expect(contract.resolve(channelName("note", { id: "ü".repeat(most / 6 + 1) }))).toBeUndefined();
  });

  it.each([
    ["an unknown key", "nowhere/1"],
    ["a missing parameter", "room"],
    ["one too many", "room/1/2"],
    ["a parameter that breaks its schema", "room/123456789"],
    ["an empty parameter", "room/"],
    ["a second way to write the same", "seat/07/C"],
    ["an escape that is not needed", "room/%61"],
    ["a lower-case escape", "note/%c3%bc"],
    ["text that should be escaped", "note/ü"],
    ["a broken escape", "room/%"],
    ["an escape that is no UTF-8", "note/%FF"],
    ["half a surrogate pair", "note/\ud800"],
    ["half a surrogate pair, escaped", "note/%ED%A0%80"],
    ["a value that its schema writes differently", "tag/Big"],
    ["a key of every object", "constructor"],
    ["a key of every object, again", "__proto__"],
  ])("does not know %s", (_what, name) => {
    expect(contract.resolve(name)).toBeUndefined();
  });

  it.each([
    ["channels.$x", () => defineContract({ channels: { $x: contract.channels.lobby } })],
    ["channels.a/b", () => defineContract({ channels: { "a/b": contract.channels.lobby } })],
    [
      "channels.c.params.1st",
      () => defineContract({ channels: { c: channel({ params: { "1st": text }, events: {} }) } }),
    ],
    [
      "channels.c.history.entries",
      () => defineContract({ channels: { c: channel({ params: {}, events: {}, history: { entries: 0 } }) } }),
    ],
    [
      "channels.c.history.ageMs",
      () => defineContract({ channels: { c: channel({ params: {}, events: {}, history: { ageMs: 1 } }) } }),
    ],
    [
      "channels.c.everyMs",
      () => defineContract({ channels: { c: channel({ params: {}, events: {}, slow: "latest", everyMs: 5 }) } }),
    ],
    ["channels.c.everyMs", () => defineContract({ channels: { c: { ...contract.channels.lobby, slow: "resume" } } })],
    ["channels.c.history.entries", () => withChannel({ history: { entries: 100_001 } })],
    ["channels.c.history.entries", () => withChannel({ history: { entries: 1.5 } })],
    ["channels.c.history.ageMs", () => withChannel({ history: { ageMs: days(366) } })],
    ["channels.c.everyMs", () => withChannel({ slow: "latest", everyMs: 60_001 })],
    ["channels.c.flushMs", () => withChannel({ flushMs: 51 })],
    ["channels.c.flushMs", () => withChannel({ slow: "latest", flushMs: -1 })],
    ["channels.c.flushMs", () => withChannel({ flushMs: 0.5 })],
    ["channels.c.everyMs", () => withChannel({ slow: "latest", everyMs: Number.NaN })],
    ["channels.c.everyMs", () => withChannel({ everyMs: 100 })],
    ["channels.c.slow", () => withChannel({ slow: "newest" })],
    ["channels.c.slow", () => withChannel({ slow: {} })],
    ["channels.c.everyMs", () => withChannel({ slow: "volatile", everyMs: 100 })],
    ["channels.c.everyMs", () => withChannel({ slow: { latestBy: () => "k" }, everyMs: 5 })],
    ["channels.c.member", () => withChannel({ member: {} })],
    ["channels.c.params.id", () => withChannel({ params: { id: "text" } })],
    ["channels.c.params", () => withChannel({ params: many(17) })],
    ["channels.c.events.e", () => withChannel({ events: { e: "text" } })],
    ["channels.c.events.e", () => withChannel({ events: { e: null } })],
    ["channels.c.events.e", () => withChannel({ events: { e: volatile(undefined as never) } })],
    ["channels.c.events", () => withChannel({ events: many(1_001) })],
    [`channels.c.events.${"ü".repeat(33)}`, () => withChannel({ events: { ["ü".repeat(33)]: text } })],
    [`channels.${"c".repeat(65)}`, () => defineContract({ channels: { ["c".repeat(65)]: contract.channels.lobby } })],
    ["calls.c.output", () => defineContract({ calls: { c: call({ input: text } as never) } })],
    ["calls.c.input", () => defineContract({ calls: { c: call({ input: 7, output: text } as never) } })],
    ["calls.c.output", () => defineContract({ calls: { c: call({ input: text, output: stream(7 as never) }) } })],
    [
      "calls.c.idempotent",
      () => defineContract({ calls: { c: call({ input: text, output: stream(text), idempotent: true } as never) } }),
    ],
    ["asks.q.input", () => defineContract({ asks: { q: call({ input: stream(text), output: text }) } })],
    ["asks.", () => defineContract({ asks: { "": contract.calls.list } })],
    ["asks.q.input", () => defineContract({ asks: { q: call({ output: text } as never) } })],
    ["notices.n", () => defineContract({ notices: { n: {} as never } })],
    ["notices", () => defineContract({ notices: many(1_001) })],
    ["calls.", () => defineContract({ calls: { "": contract.calls.list } })],
    [`notices.${"x".repeat(65)}`, () => defineContract({ notices: { ["x".repeat(65)]: text } })],
  ])("names %s when it is wrong", (field, define) => {
    expect(define).toThrow(ContractError);
    expect(define).toThrow(expect.objectContaining({ code: "invalid", field }) as Error);
  });

  it("takes a schema that is a function", () => {
    const schema = Object.assign(() => undefined, even());
    expect(defineContract({ calls: { c: call({ input: schema, output: schema }) } }).calls.c.input).toBe(schema);
  });

  it("says what was given and what is wanted", () => {
    expect(() => withChannel({ history: { entries: 0 } })).toThrow(
      "channels.c.history.entries: 0 given, a whole number from 1 to 100000 wanted",
    );
  });

  it("refuses a parameter whose schema does not answer at once, even one that fails later", () => {
    const failing: StandardSchemaV1<unknown, string> = {
      "~standard": { version: 1, vendor: "test", validate: () => Promise.reject(new Error("too late")) },
    };
    const slow = defineContract({
      channels: {
        c: channel({ params: { n: even(true) }, events: {} }),
        d: channel({ params: { id: failing }, events: {} }),
      },
    });
    expect(() => slow.resolve("d/1")).toThrow(
      "channels.d.params.id: its schema must answer at once", // and nobody is left with a rejection to handle
    );
    expect(() => slow.resolve("c/1")).toThrow(expect.objectContaining({ code: "async-parameter" }) as Error);
  });
});

describe("validation", () => {
  it("answers at once or later, as the schema does", async () => {
    expect(validate(even(), 2)).toEqual({ value: 2 });
    expect(validate(even(), 3)).toEqual({ issues: [{ path: [], message: "not even" }] });
    await expect(validate(even(true), 3)).resolves.toMatchObject({ issues: [{ message: "not even" }] });
  });

  it("says where in the value the rule is broken", () => {
    const result = validate(z.object({ list: z.array(z.object({ id: z.number() })) }), {
      list: [{ id: 1 }, { id: "x" }],
    });
    expect(result).toMatchObject({
      issues: [{ path: ["list", 1, "id"], message: expect.stringContaining("number") as string }],
    });
  });

  it("bounds how much it says", () => {
    const many: StandardSchemaV1 = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: () => ({
          issues: Array.from({ length: 99 }, () => ({ message: "m".repeat(999), path: Array(99).fill("p") })),
        }),
      },
    };
    const { issues } = validate(many, 1) as { issues: { path: unknown[]; message: string }[] };
    expect(issues).toHaveLength(issueLimits.count);
    expect([issues[0]?.path.length, issues[0]?.message.length]).toEqual([
      issueLimits.pathCount,
      issueLimits.messageLength,
    ]);
  });
});

describe("a schema of bytes", () => {
  it("takes bytes, up to as many as it says, and nothing else", () => {
    const few = bytes({ max: 2 });
    const given = Uint8Array.of(1, 2);
    expect(validate(few, given)).toEqual({ value: given });
    expect(validate(few, Uint8Array.of(1, 2, 3))).toMatchObject({
      issues: [{ message: expect.any(String) as string }],
    });
    expect(validate(bytes(), "AAAA")).toMatchObject({ issues: [{ message: "bytes wanted" }] });
  });

  it("belongs to events alone", () => {
    expect(withChannel({ events: { frame: bytes(), pointer: volatile(bytes()) } })).toBeDefined();
    expect(() => withChannel({ member: bytes() })).toThrow(/member.*events alone/);
    expect(() => defineContract({ notices: { n: bytes() } })).toThrow(/notices.n.*events alone/);
    expect(() => defineContract({ calls: { c: call({ input: bytes(), output: text }) } })).toThrow(/calls.c.input/);
    expect(() => defineContract({ asks: { a: call({ input: text, output: bytes() }) } })).toThrow(/asks.a.output/);
  });
});
