// Which Redis is accepted and which refused, and the ways in: users, passwords, TLS, prefixes.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { redis } from "@heddle/engine-redis";
import { EngineError } from "@heddle/hub/ports";
import { freePort, RedisServer } from "@heddle/testkit/process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { localhostCertificate, localhostKey } from "../conformance/websocket/localhost-certificate.ts";
import { draft, openEngine } from "./support/world.ts";

let server: RedisServer;
beforeAll(async () => void (server = await RedisServer.start()));
afterAll(() => server[Symbol.asyncDispose]());

describe("a start", () => {
  it("is refused with the reason where Redis may evict, and where it is a replica", async () => {
    await using evicting = await RedisServer.start({ args: ["--maxmemory-policy", "allkeys-lru"] });
    await expect(openEngine({ url: evicting.url })).rejects.toThrow(/maxmemory-policy is allkeys-lru.*noeviction/);
    await using replica = await RedisServer.start({ args: ["--replicaof", "127.0.0.1", `${server.port}`] });
    await expect(openEngine({ url: replica.url })).rejects.toThrow("is a replica");
  });

  it("is refused where other nodes use another layout", async () => {
    await using first = await openEngine({ url: server.url, prefix: "layout:" });
    expect(first.registry.self).toMatch(/^n\w+$/);
    const key = (await server.command("keys", "layout:*layout*")).trim();
    await server.command("hset", key, "partitions", "16");
    await expect(openEngine({ url: server.url, prefix: "layout:" })).rejects.toThrow(
      /partitions is 16, this version has 256/,
    );
  });

  it("is refused when nobody listens, naming the address", async () => {
    const port = await freePort();
    await expect(openEngine({ url: `redis://127.0.0.1:${port}` })).rejects.toMatchObject({
      code: "unreachable",
      message: expect.stringContaining(`127.0.0.1:${port}`) as string,
    });
  });

  it("notes that data are in memory alone", async () => {
    await using engine = await openEngine({ url: server.url });
    expect(engine.notes).toEqual([expect.stringMatching(/^appendonly is off/)]);
    await using appending = await RedisServer.start({ isPersistent: true });
    await using quiet = await openEngine({ url: appending.url });
    expect(quiet.notes).toEqual([]);
  });

  it("leaves no connection behind, whether it failed or was stopped", async () => {
    await using own = await RedisServer.start();
    const engine = await openEngine({ url: own.url });
    await engine.stop();
    await own.command("config", "set", "maxmemory-policy", "allkeys-lru");
    await expect(openEngine({ url: own.url })).rejects.toThrow("allkeys-lru");
    await expect.poll(async () => (await own.command("client", "list")).split("\n").length).toBe(1);
  });
});

describe("the way in", () => {
  // Also in the package's README.
  const rights = "-@all +@read +@write +@pubsub +@scripting +@connection -@dangerous +info +role +time +cluster|slots";

  it("is a user with the rights the README names, and no others", async () => {
    const grant = `user heddle on >secret ~heddle:* &heddle:* ${rights}`;
    await using guarded = await RedisServer.start({ args: ["--user", ...grant.split(" ").slice(1)] });
    const url = `redis://heddle:secret@127.0.0.1:${guarded.port}`;
    await using engine = await openEngine({ url });
    expect((await engine.log.append("a", draft())).s).toBe("new");
    expect((await engine.log.read("a", { last: 1, limit: 1, bytes: 1e3 })).entries).toHaveLength(1);
    const outside = openEngine({ url, prefix: "other:" });
    await expect(outside).rejects.toThrow(/NOPERM/);
    await expect(outside).rejects.toBeInstanceOf(EngineError);
  });

  it("is closed to a wrong password, which is not repeated in the message", async () => {
    await using guarded = await RedisServer.start({ args: ["--requirepass", "right"], cliArgs: ["--pass", "right"] });
    const wrong = openEngine({ url: `redis://:wr0ng@127.0.0.1:${guarded.port}` });
    await expect(wrong).rejects.toThrow(/WRONGPASS/);
    await wrong.catch((error: unknown) => expect(String(error)).not.toContain("wr0ng"));
    await using engine = await openEngine({ url: `redis://:right@127.0.0.1:${guarded.port}` });
    expect(engine.name).toBe("redis");
  });

  it("is TLS where the URL says so, with the certificate checked", async () => {
    const folder = await mkdtemp(join(tmpdir(), "heddle-tls-"));
    try {
      const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
      await Promise.all([writeFile(cert, localhostCertificate), writeFile(key, localhostKey)]);
      const port = await freePort();
      const tls = ["--tls-port", `${port}`, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert];
      await using guarded = await RedisServer.start({ args: [...tls, "--tls-auth-clients", "no"] });
      expect(guarded.isRunning).toBe(true);
      await using engine = await openEngine({ url: `rediss://localhost:${port}`, tls: { ca: localhostCertificate } });
      expect((await engine.log.append("a", draft())).s).toBe("new");
      await expect(openEngine({ url: `rediss://localhost:${port}` })).rejects.toThrow(/self.signed/i);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("keeps systems with different prefixes apart: logs, topics and nodes", async () => {
    await using one = await openEngine({ url: server.url, prefix: "one:" });
    await using two = await openEngine({ url: server.url, prefix: "two:" });
    await one.log.append("a", draft());
    expect((await two.log.read("a", { last: 1, limit: 1, bytes: 1e3 })).entries).toEqual([]);
    expect(two.registry.alive()).toEqual([two.registry.self]);
  });

  it("names the option that is wrong, without the password in it", () => {
    for (const [url, text] of [
      ["http://x", /url: "http:" given/],
      ["redis://u:geheim@x/3", /database 0/],
      ["nonsense", /url: "no URL" given/],
    ] as const) {
      expect(() => redis({ url })).toThrow(text);
      expect(() => redis({ url })).not.toThrow(/geheim/);
    }
    expect(() => redis({ url: "redis://x", prefix: "{x}" })).toThrow(/prefix/);
    expect(() => redis({ url: "redis://x", limits: { leaseMs: 1 } })).toThrow(/limits\.leaseMs/);
  });
});
