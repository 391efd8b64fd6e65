import { describe, expect, it } from "vitest";
import { RedisServer } from "@heddle/testkit/process";

describe("a Redis of the test's own", () => {
  it("keeps its data over a crash when told to, and loses it when told to", async () => {
    await using redis = await RedisServer.start({ isPersistent: true });
    await redis.command("set", "k", "v");
    await redis.restart();
    expect(await redis.command("get", "k")).toBe("v");
    await redis.restart({ keepData: false });
    expect(await redis.command("get", "k")).toBe("");
  });

  it("is frozen and thawed, and killed while frozen", async () => {
    await using redis = await RedisServer.start();
    redis.freeze();
    const answer = redis.command("ping");
    const isLate = await Promise.race([answer.then(() => false), new Promise((run) => setTimeout(run, 150, true))]);
    expect(isLate).toBe(true);
    redis.thaw();
    expect(await answer).toBe("PONG");
    redis.freeze();
    await redis.kill();
    expect(redis.isRunning).toBe(false);
  });

  it("says what is wrong when it cannot start", async () => {
    await expect(RedisServer.start({ args: ["--no-such-setting", "1"] })).rejects.toThrow(/no-such-setting/);
  });
});
