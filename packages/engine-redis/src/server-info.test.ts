import { describe, expect, it } from "vitest";
import { judge, readInfo } from "./server-info.ts";

const info = (over: Record<string, string>): string =>
  Object.entries({
    redis_version: "7.0.15",
    role: "master",
    run_id: "r",
    maxmemory_policy: "noeviction",
    aof_enabled: "1",
    ...over,
  })
    .map(([field, value]) => `${field}:${value}`)
    .join("\r\n");
const judged = (over: Record<string, string>): readonly string[] => judge(readInfo(info(over)), "h:1");

describe("what INFO says", () => {
  it("is read into what matters", () => {
    expect(readInfo(info({ cluster_enabled: "1", valkey_version: "8.1.0" }))).toEqual({
      ...{ runId: "r", isPrimary: true, isCluster: true, isLoading: false, isAppending: true },
      ...{ product: "Valkey", version: "8.1.0", evicts: "noeviction" },
    });
  });

  it("refuses what is too old, and a Cluster without sharded pub/sub for that reason", () => {
    expect(judged({ redis_version: "6.2.0" })).toEqual([]);
    expect(() => judged({ redis_version: "6.0.16" })).toThrow(
      "Redis at h:1: Redis 6.0.16 is too old; 6.2 or later is wanted",
    );
    expect(() => judged({ redis_version: "6.2.14", cluster_enabled: "1" })).toThrow(
      /classic pub\/sub alone.*7\.0 or later/,
    );
    expect(() => judged({ valkey_version: "7.1.0" })).toThrow(/7\.2 or later/);
    expect(judged({ valkey_version: "10.0.0", cluster_enabled: "1" })).toEqual([]);
  });

  it("refuses eviction, and notes missing persistence", () => {
    expect(() => judged({ maxmemory_policy: "volatile-ttl" })).toThrow(/volatile-ttl.*noeviction/);
    expect(judged({ aof_enabled: "0" })).toHaveLength(1);
  });
});
