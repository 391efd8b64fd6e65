import { memoryEngine, MemoryStore } from "@heddle/server";
import { describe, expect, it } from "vitest";
import { revokeInRounds } from "../support/revoked-rounds.ts";

describe("users whose tokens were taken back on another node", () => {
  it("get nothing after a second, on no node, nor on one that starts later", { timeout: 120_000 }, async () => {
    const store = new MemoryStore();
    expect(await revokeInRounds((node) => memoryEngine({ store, node }))).toBe(10);
  });
});
