import { describe, expect, it } from "vitest";
import {
  base64Decode,
  base64Encode,
  base64urlDecode,
  base64urlEncode,
  CodedError,
  concatBytes,
  expectInteger,
  expectOneOf,
  expectRange,
  messageOf,
  OptionError,
  Signal,
  unreachable,
  utf8Decode,
  utf8DecodeStrict,
  utf8Encode,
} from "./index.ts";
import { systemClock, systemFloats, systemRandom } from "./system.ts";

describe("bytes", () => {
  it("come back from base64 and base64url as they were", () => {
    for (let length = 0; length < 40; length++) {
      const bytes = Uint8Array.from({ length }, (_, index) => (index * 97 + 13) & 0xff);
      expect(base64Decode(base64Encode(bytes))).toEqual(bytes);
      expect(base64urlDecode(base64urlEncode(bytes))).toEqual(bytes);
    }
    expect(base64urlEncode(Uint8Array.of(0xfb, 0xff))).toBe("-_8");
  });

  it.each(["a", "a===", "$$$$", "ab c"])("are not found in %j", (text) => {
    expect(base64Decode(text)).toBeUndefined();
  });

  it("become text only when they are UTF-8", () => {
    for (const text of ["grüße 👋", "\ufeffa byte order mark is text", ""]) {
      expect(utf8Decode(utf8Encode(text))).toBe(text);
      expect(utf8DecodeStrict(utf8Encode(text))).toBe(text);
    }
    expect(() => utf8DecodeStrict(Uint8Array.of(0xff))).toThrow(TypeError);
    expect(concatBytes([utf8Encode("a"), utf8Encode("bc")])).toEqual(utf8Encode("abc"));
  });
});

describe("limits", () => {
  it("name field, value and range", () => {
    expect(() => expectRange("a.b", 9, 1, 5)).toThrow("a.b: 9 given, a number from 1 to 5 wanted");
    expect(() => expectRange("a.b", Number.NaN, 1, 5)).toThrow(OptionError);
    expect(() => expectInteger("a.b", 1.5, 1, 5)).toThrow("a whole number");
    expect(() => expectOneOf("a.b", "z", ["x", "y"])).toThrow('a.b: "z" given, one of x, y wanted');
    expect(() => expectRange("a.b", 5, 1, 5)).not.toThrow();
  });

  it("do not repeat a long value whole", () => {
    expect(() => expectOneOf("f", "x".repeat(500), ["a"])).toThrow(/^.{0,140}$/);
  });
});

describe("errors", () => {
  class OwnError extends CodedError<"a" | "b"> {}

  it("carry code, cause, retry and their family's name", () => {
    const cause = new Error("why");
    const error = new OwnError("a", "text", { retryable: true, cause });
    expect(error).toMatchObject({ name: "OwnError", code: "a", retryable: true, cause, message: "text" });
    expect(new OwnError("b", "text").retryable).toBe(false);
    expect(messageOf(error)).toBe("text");
    expect(messageOf("thrown")).toBe("thrown");
    expect(() => unreachable("x" as never)).toThrow("unreachable");
  });
});

describe("a signal", () => {
  it("calls listeners in order until they leave, also one that subscribed twice", () => {
    const signal = new Signal<number>();
    const heard: string[] = [];
    const listener = (value: number): void => void heard.push(`a${value}`);
    const off = signal.on(listener);
    signal.on(listener);
    signal.on((value) => void heard.push(`b${value}`));
    signal.emit(1);
    off();
    off();
    signal.emit(2);
    expect(heard).toEqual(["a1", "a1", "b1", "a2", "b2"]);
    expect(signal.hasListeners).toBe(true);
  });

  it("does not skip a listener when one leaves while it is called", () => {
    const signal = new Signal<void>();
    const heard: string[] = [];
    const off = signal.on(() => {
      heard.push("once");
      off();
    });
    signal.on(() => void heard.push("always"));
    signal.emit();
    signal.emit();
    expect(heard).toEqual(["once", "always", "always"]);
  });
});

describe("the machine's ports", () => {
  it("run a timer unless it is disposed, and end a turn", async () => {
    const clock = systemClock();
    const ran: string[] = [];
    clock.after(0, () => ran.push("disposed"))[Symbol.dispose]();
    await new Promise<void>((resolve) => void clock.after(1, resolve));
    await new Promise<void>((resolve) => clock.turnEnd(resolve));
    expect(ran).toEqual([]);
    expect(clock.monotonicMs()).toBeGreaterThan(0);
  });

  it("draw what is asked for", () => {
    const random = systemRandom();
    const drawn = new Set(Array.from({ length: 600 }, () => random.u32()));
    expect(drawn.size).toBeGreaterThan(590);
    expect(random.bytes(16)).toHaveLength(16);
    expect(random.float()).toBeLessThan(1);
  });

  it("draws single numbers without a pool too", () => {
    const { float } = systemFloats();
    const drawn = Array.from({ length: 600 }, float);
    expect(new Set(drawn).size).toBeGreaterThan(590);
    expect(drawn.every((number) => number >= 0 && number < 1)).toBe(true);
  });
});
