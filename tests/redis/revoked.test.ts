import { redis } from "@heddle/engine-redis";
import { RedisServer } from "@heddle/testkit/process";
import { describe, expect, it } from "vitest";
import { revokeInRounds } from "../conformance/support/revoked-rounds.ts";
import { quick } from "./support/world.ts";

describe("users whose tokens were taken back on another node of a Redis", () => {
  it(
    "get nothing a second later, from no node, nor from one that starts afterwards",
    { timeout: 180_000 },
    async () => {
      await using server = await RedisServer.start();
      expect(await revokeInRounds(() => redis({ url: server.url, limits: quick }))).toBe(10);
    },
  );
});
