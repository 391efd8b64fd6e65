// The engine runs the whole suite on a real Redis; each case has a prefix, so a store, of its own.

import { systemClock, systemRandom } from "@heddle/base/system";
import { redis } from "@heddle/engine-redis";
import { engineConformance } from "@heddle/testkit/conformance";
import { RedisServer } from "@heddle/testkit/process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

let server: RedisServer;
let caseCount = 0;

beforeAll(async () => void (server = await RedisServer.start()));
afterAll(() => server[Symbol.asyncDispose]());

describe("the Redis engine on one server", () => {
  const cases = engineConformance({
    ...{ clock: systemClock(), random: systemRandom() },
    lacks: { time: "Redis keeps its own clock, which nobody can put forward; expiry.test.ts waits instead" },
    async create() {
      const open = (
        (prefix) => () =>
          redis({ url: server.url, prefix })
      )(`case${++caseCount}:`);
      return { engine: open(), reopen: async () => open(), peer: async () => open(), dispose: async () => undefined };
    },
  });
  it("runs sixty checks and more", () => expect(cases.length).toBeGreaterThanOrEqual(60));
  it.each(cases)("$title", ({ run }) => expect(run()).resolves.toBeUndefined());
});
