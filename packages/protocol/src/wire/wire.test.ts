import { describe, expect, it } from "vitest";
import { utf8Decode, utf8Encode } from "@heddle/base";
import {
  frameDepthMax,
  isTooDeep,
  channelName,
  clientFrameShapes,
  closeClassOf,
  commonFeatures,
  isChannelName,
  isWirePos,
  jsonCodec,
  parseClientFrame,
  parseServerFrame,
  rootOf,
  samePos,
  serverFrameShapes,
  splitChannelName,
  userChannel,
  wireLimits,
  type PublicationBody,
  type Shape,
} from "./index.ts";

const goodValues: Record<string, unknown> = {
  ...{ u32: 7, int: 7, num: 1.5, str: "s", pos: ["E", 1, 2], any: null, obj: {}, list: [], strs: ["s"], flag: 1 },
  ...{ at: "live", mode: "resume", id: 7 },
};
const badValues: Record<string, unknown> = {
  ...{
    u32: -1,
    int: 1.5,
    num: "1",
    str: 1,
    pos: ["E", 1],
    obj: [],
    list: {},
    strs: [1],
    flag: 2,
    at: ["last", 0],
    mode: "best",
    id: null,
  },
};

const fullFrame = (t: string, keys: Shape): Record<string, unknown> => ({
  t,
  ...Object.fromEntries(Object.entries(keys).map(([key, type]) => [key, goodValues[type.replace("?", "")]])),
});

const shapeCases = (shapes: Readonly<Record<string, { keys: Shape }>>) =>
  Object.entries(shapes).map(([t, { keys }]): [string, Shape] => [t, keys]);

describe("a client frame", () => {
  it.each(shapeCases(clientFrameShapes))("%s is taken whole and without its optional keys", (t, keys) => {
    const frame = fullFrame(t, keys);
    if (t === "hello") frame["subs"] = [fullFrame("sub", clientFrameShapes.sub.keys)];
    expect(parseClientFrame(frame)).toEqual({ is: "frame", frame });
    const least = Object.fromEntries(Object.entries(frame).filter(([key]) => key === "t" || !keys[key]?.endsWith("?")));
    expect(parseClientFrame(least)).toEqual({ is: "frame", frame: least });
  });

  it.each(shapeCases(clientFrameShapes))("%s names the key that is missing or mistyped", (t, keys) => {
    for (const [key, type] of Object.entries(keys)) {
      const bare = type.replace("?", "");
      if (bare in badValues) {
        const parsed = parseClientFrame({ ...fullFrame(t, keys), [key]: badValues[bare] });
        expect(parsed).toMatchObject({ is: "bad", why: `${t}.${key}: missing or of the wrong type` });
      }
      if (type.endsWith("?")) continue;
      const without = fullFrame(t, keys);
      delete without[key];
      expect(parseClientFrame(without)).toMatchObject({ is: "bad" });
    }
  });

  it("keeps a good request number when another key is bad", () => {
    expect(parseClientFrame({ t: "sub", r: 5, ch: 1, at: "live" })).toMatchObject({ is: "bad", r: 5 });
    expect(parseClientFrame({ t: "sub", r: "x", ch: "c", at: "live" })).toMatchObject({ is: "bad", r: undefined });
  });

  it("has finite numbers: 1e999 is none", () => {
    const [decoded] = jsonCodec.decode('{"t":"call","r":1,"op":"o","ms":1e999}');
    expect(parseClientFrame(decoded?.value)).toEqual({ is: "bad", r: 1, why: "call.ms: missing or of the wrong type" });
  });

  it("is no deeper than 128 levels, its payload with it", () => {
    const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
    const parsed = (levels: number, length?: number): unknown => {
      const text = `{"t":"pub","r":7,"ch":"room/1","d":${nested(levels)}}`;
      return parseClientFrame(JSON.parse(text), length ?? text.length);
    };
    expect(parsed(127)).toMatchObject({ is: "frame" });
    expect(parsed(128)).toEqual({ is: "bad", r: 7, why: "nested deeper than 128 levels" });
    expect(parsed(30_000)).toMatchObject({ is: "bad", r: 7 });
    expect(isTooDeep(JSON.parse(nested(129)), 258)).toBe(true);
    expect(frameDepthMax).toBe(128);
  });

  it("names the body of hello.subs that is bad", () => {
    const subs = [
      { r: 1, ch: "c", at: "live" },
      { r: 2, ch: "c" },
    ];
    expect(parseClientFrame({ t: "hello", v: 1, pid: "p", subs })).toMatchObject({
      why: "hello.subs[1].at: missing or of the wrong type",
    });
    expect(parseClientFrame({ t: "hello", v: 1, pid: "p", subs: [null] })).toMatchObject({ is: "bad" });
  });

  it.each([[null], ["text"], [[]], [{}], [{ t: 1 }]])("is not %j", (value) => {
    expect(parseClientFrame(value)).toMatchObject({ is: "bad", r: undefined });
  });

  it("is ignored when unknown, unless it insists; names every object has are unknown", () => {
    expect(parseClientFrame({ t: "later" })).toEqual({ is: "ignored", type: "later" });
    expect(parseClientFrame({ t: "!later" })).toEqual({ is: "critical", type: "!later" });
    expect(parseClientFrame({ t: "constructor" })).toEqual({ is: "ignored", type: "constructor" });
  });
});

describe("a server frame", () => {
  it.each(shapeCases(serverFrameShapes))("%s is taken whole, and is bad with any key mistyped", (t, keys) => {
    const frame = fullFrame(t, keys);
    expect(parseServerFrame(frame)).toBe(frame);
    for (const [key, type] of Object.entries(keys)) {
      const bare = type.replace("?", "");
      if (bare in badValues) expect(parseServerFrame({ ...frame, [key]: badValues[bare] })).toBe("bad");
    }
  });

  it("is ignored when unknown, unless it insists", () => {
    expect([parseServerFrame({ t: "later" }), parseServerFrame({ t: "!later" }), parseServerFrame(null)]).toEqual([
      "ignored",
      "bad",
      "bad",
    ]);
  });
});

describe("frame numbers", () => {
  it("are given once, in both directions together", () => {
    const numbers = new Map<number, string>();
    for (const [t, { number }] of [...Object.entries(clientFrameShapes), ...Object.entries(serverFrameShapes)]) {
      expect(numbers.get(number) ?? t).toBe(t);
      numbers.set(number, t);
    }
  });
});

describe("positions", () => {
  it.each([[["E", 0, 1]], [["a_-Z09", Number.MAX_SAFE_INTEGER, 0xffff_ffff]], [["E", 1, 0]]])(
    "have the shape of %j",
    (value) => {
      expect(isWirePos(value)).toBe(true);
    },
  );
  it.each([
    [[]],
    [["", 1, 1]],
    [["E".repeat(17), 1, 1]],
    [["E!", 1, 1]],
    [["E", -1, 1]],
    [["E", 2 ** 53, 1]],
    [["E", 1, 2 ** 32]],
    [["E", 1, 1.5]],
    ["E"],
  ])("do not have the shape of %j", (value) => expect(isWirePos(value)).toBe(false));
  it("are the same only in all three parts", () => {
    const pos = rootOf("E");
    expect(samePos(pos, { ...pos })).toBe(true);
    for (const other of [{ epoch: "F" }, { offset: 1 }, { tag: 2 }])
      expect(samePos(pos, { ...pos, ...other })).toBe(false);
  });
});

describe("names", () => {
  it("are the key and the parameters' values in alphabetical order of their names, percent-encoded", () => {
    expect(channelName("room", { roomId: "a/b" })).toBe("room/a%2Fb");
    expect(channelName("seat", { row: "C", number: 7 })).toBe("seat/7/C");
    expect(channelName("lobby")).toBe("lobby");
    expect(splitChannelName("seat/7/%C3%BC")).toEqual({ key: "seat", values: ["7", "ü"] });
    expect(splitChannelName("x/%ff")).toBeUndefined();
    expect(userChannel("a/b")).toBe("$user/a%2Fb");
  });
  it.each(["", "a/b", "50 %", "ü", "👋", "-_.!~*'()", "a+b&c=d", "\u0000"])("carry %j there and back", (value) => {
    expect(splitChannelName(channelName("c", { value }))).toEqual({ key: "c", values: [value] });
  });
  it.each(["c/%61", "c/%c3%bc", "c/ü", "c/a b", "c/%", "c/%2", "c/\ud800", "c/%ED%A0%80"])(
    "are not read from %j, which is not how they are written",
    (name) => {
      expect(splitChannelName(name)).toBeUndefined();
    },
  );
  it("name the parameter that has no UTF-8", () => {
    expect(() => channelName("room", { id: "\ud800" })).toThrow(
      expect.objectContaining({ code: "option-invalid", field: "params.id" }) as Error,
    );
    expect(() => userChannel("a\udc00")).toThrow("userId");
  });
  it("are bounded in bytes, not characters", () => {
    expect(isChannelName("ü".repeat(127))).toBe(true);
    expect(isChannelName("ü".repeat(128))).toBe(false);
    expect([isChannelName(""), isChannelName("x".repeat(wireLimits.channelNameBytes))]).toEqual([false, true]);
  });
});

describe("close classes", () => {
  it.each([
    [[4000, 4029, 4099, 1000, 1001, 1005, 1006, 1011, 1015], "reconnect"],
    [[4100, 4102, 4199], "token"],
    [[4200, 4299], "drop-positions"],
    [[4400, 4499, 1002, 1003, 1007, 1008, 1010], "terminal"],
  ])("of %j is %s, known or not", (codes, kind) => {
    for (const code of codes) expect(closeClassOf(code)).toBe(kind);
  });
});

describe("the JSON codec", () => {
  const body: PublicationBody = {
    ...{ event: "e", id: "x:1", key: "k", ts: 5, user: "u", traceparent: "", kind: "json" as const },
    data: utf8Encode('{"text":"grüße\\n"}'),
    pos: { epoch: "E", offset: 9, tag: 77 },
    prevOffset: 8,
  };
  const decoded = (bytes: Uint8Array): unknown => jsonCodec.decode(bytes).map(({ value }) => value)[0];

  it("pastes a stored payload and leaves out what is empty", () => {
    const encoded = jsonCodec.publication(3, body);
    expect(decoded(encoded.bytes)).toEqual({
      t: "m",
      c: 3,
      o: 9,
      g: 77,
      e: "e",
      i: "x:1",
      key: "k",
      ts: 5,
      u: "u",
      d: { text: "grüße\n" },
    });
    expect(encoded.cost).toBe(utf8Decode(encoded.bytes).length);
    const bare = jsonCodec.publication(3, { ...body, event: "", id: "", key: "", ts: 0, user: "" });
    expect(decoded(bare.bytes)).toEqual({ t: "m", c: 3, o: 9, g: 77, d: { text: "grüße\n" } });
  });

  it("names the previous offset only when it is not the one before", () => {
    expect(decoded(jsonCodec.publication(3, { ...body, prevOffset: 5 }).bytes)).toMatchObject({ o: 9, p: 5 });
  });

  it("sends bytes as base64 and volatile events without a position", () => {
    const { pos: _pos, prevOffset: _prev, ...volatile } = body;
    expect(
      decoded(jsonCodec.publication(3, { ...volatile, kind: "bytes", data: Uint8Array.of(1, 2) }).bytes),
    ).toMatchObject({ b: "AQI=" });
    expect(decoded(jsonCodec.publication(3, volatile).bytes)).not.toHaveProperty("o");
  });

  it("pastes snapshots and answers, and pages of history", () => {
    expect(decoded(jsonCodec.encode({ t: "ok", r: 1 }, { key: "d", json: "[1]" }).bytes)).toEqual({
      t: "ok",
      r: 1,
      d: [1],
    });
    const page = jsonCodec.history(4, { entries: [body], p: ["E", 8, 1], more: true });
    expect(decoded(page.bytes)).toMatchObject({
      t: "ok",
      r: 4,
      d: { list: [{ o: 9, d: { text: "grüße\n" } }], p: ["E", 8, 1], more: 1 },
    });
  });

  it("takes several frames of one message, with the cost of each", () => {
    expect(jsonCodec.decode('{"t":"a"}\n{"t":"bb"}\n')).toEqual([
      { value: { t: "a" }, cost: 9 },
      { value: { t: "bb" }, cost: 10 },
    ]);
    expect(() => jsonCodec.decode('{"t":"a"}\n{')).toThrow(SyntaxError);
  });
});

describe("limits", () => {
  it("are positive whole numbers that fit together", () => {
    for (const value of Object.values(wireLimits)) expect(Number.isInteger(value) && value > 0).toBe(true);
    expect(wireLimits.windowCostMin).toBeLessThanOrEqual(wireLimits.windowCost);
    expect(wireLimits.windowCost).toBeLessThanOrEqual(wireLimits.windowCostMax);
    expect(wireLimits.queueLowBytes).toBeLessThan(wireLimits.queueBytes);
    expect(wireLimits.dedupMarginMs).toBeLessThan(wireLimits.dedupWindowMs);
    expect(wireLimits.frameBytes * wireLimits.oversizeFactor).toBeGreaterThan(wireLimits.helloBytes);
  });
});

describe("abilities", () => {
  it("are in force when both sides know them", () => {
    expect(commonFeatures(["b", "unknown", "a", "a"], ["a", "b", "c"])).toEqual(["a", "b"]);
    expect(commonFeatures(undefined, ["a"])).toEqual([]);
  });
});
