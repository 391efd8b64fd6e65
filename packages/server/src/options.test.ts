import { channel, defineContract } from "@heddle/protocol/contract";
import { memoryEngine } from "@heddle/hub/memory";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { resolveServer, type ServerOptions } from "./options.ts";

const contract = defineContract({ channels: { news: channel({ params: {}, events: { item: z.string() } }) } });
const given = { contract, auth: () => null } satisfies ServerOptions<typeof contract>;

describe("the options of a server", () => {
  it("have a default for everything but contract and auth", () => {
    const settled = resolveServer(given);
    expect(settled).toMatchObject({ path: "/realtime", origins: "same" });
    expect(settled.engine.name).toBe("memory");
    expect(settled.limits.maxConnections).toBe(100_000);
    expect(settled.limits.queueBytes).toBe(262_144);
  });

  it("draw a secret for the memory engine, another at every start", () => {
    const [a, b] = [resolveServer(given).secret, resolveServer(given).secret];
    expect(a).toHaveLength(32);
    expect(a).not.toEqual(b);
  });

  it("demand a secret with an engine that others share", () => {
    const engine = Object.create(memoryEngine(), { name: { value: "redis" } }) as ReturnType<typeof memoryEngine>;
    expect(() => resolveServer({ ...given, engine })).toThrow(/^secret: .* equal on all nodes of the redis engine/);
    expect(resolveServer({ ...given, engine, secret: "s".repeat(32) }).secret).toHaveLength(32);
  });

  it.each([
    [{ contract: {} }, /^contract: .* the result of defineContract/],
    [{ auth: undefined }, /^auth: undefined given/],
    [{ path: "realtime" }, /^path: "realtime" given, a path that begins with \//],
    [{ path: "/a?b" }, /^path: /],
    [{ origins: ["*"] }, /^origins\[0\]: "\*" given/],
    [{ secret: "short" }, /^secret: "5 bytes" given, at least 32 bytes/],
    [{ limits: { maxConnections: 0 } }, /^limits\.maxConnections: 0 given/],
  ])("refuse %o", (wrong, message) => {
    expect(() => resolveServer({ ...given, ...wrong } as unknown as ServerOptions<typeof contract>)).toThrow(message);
  });
});
