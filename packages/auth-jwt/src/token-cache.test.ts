import { FakeClock } from "@heddle/base/fakes";
import type { Identity } from "@heddle/hub/ports";
import { describe, expect, it } from "vitest";
import { TokenCache, tokenCacheMs } from "./token-cache.ts";

const identity = (userId: string): Identity => ({ userId, claims: {}, expiresAtMs: undefined });

describe("the cache of verified tokens", () => {
  it("believes a token for a minute and then looks again", () => {
    const clock = new FakeClock();
    const cache = new TokenCache(clock);
    cache.set("h", identity("u1"));
    clock.advance(tokenCacheMs - 1);
    expect(cache.get("h")?.userId).toBe("u1");
    clock.advance(1);
    expect(cache.get("h")).toBeUndefined();
    expect(cache.size).toBe(0);
  });

  it("does not believe longer because it is asked often", () => {
    const clock = new FakeClock();
    const cache = new TokenCache(clock);
    cache.set("h", identity("u1"));
    for (let second = 0; second < 60; second++) {
      cache.get("h");
      clock.advance(1_000);
    }
    expect(cache.get("h")).toBeUndefined();
  });

  it("forgets the least recently used one when it is full", () => {
    const cache = new TokenCache(new FakeClock(), 2);
    cache.set("a", identity("a"));
    cache.set("b", identity("b"));
    cache.get("a");
    cache.set("c", identity("c"));
    expect(cache.size).toBe(2);
    expect(cache.get("a")?.userId).toBe("a");
    expect(cache.get("b")).toBeUndefined();
  });
});
