// What a Redis says of itself, and whether channels can be trusted to it. Pure.

import { EngineError } from "@heddle/hub/ports";

export interface ServerInfo {
  /** Of this run of the server process. */
  readonly runId: string;
  readonly isPrimary: boolean;
  readonly isCluster: boolean;
  readonly isLoading: boolean;
  readonly product: "Redis" | "Valkey";
  readonly version: string;
  readonly evicts: string;
  readonly isAppending: boolean;
}

/** Of the text that INFO answers. */
export function readInfo(text: string): ServerInfo {
  const fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const valkey = fields.get("valkey_version");
  return {
    runId: fields.get("run_id") ?? "",
    isPrimary: fields.get("role") === "master",
    isCluster: fields.get("cluster_enabled") === "1",
    isLoading: fields.get("loading") === "1",
    product: valkey === undefined ? "Redis" : "Valkey",
    version: valkey ?? fields.get("redis_version") ?? "0",
    evicts: fields.get("maxmemory_policy") ?? "noeviction",
    isAppending: fields.get("aof_enabled") === "1",
  };
}

/**
 * Refuses what breaks a promise.
 *
 * @returns what an operator should know
 * @throws {EngineError} `failed`, with the reason and what to do
 */
export function judge(info: ServerInfo, where: string): readonly string[] {
  const { product, version, isCluster, evicts, isAppending } = info;
  const refuse = (why: string): never => {
    throw new EngineError("failed", `Redis at ${where}: ${why}`);
  };
  const least = product === "Valkey" ? "7.2" : isCluster ? "7.0" : "6.2";
  if (isOlder(version, least))
    refuse(
      isCluster
        ? `${product} ${version} as a Cluster has classic pub/sub alone, which sends every message to every node; ${least} or later has it sharded`
        : `${product} ${version} is too old; ${least} or later is wanted`,
    );
  if (evicts !== "noeviction")
    refuse(`maxmemory-policy is ${evicts}, which drops logs when memory is short; set it to noeviction`);
  if (isAppending) return [];
  return [
    "appendonly is off: when this Redis restarts, channels begin anew or fall back to its last snapshot file, and clients are told of a gap",
  ];
}

function isOlder(version: string, least: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [leastMajor = 0, leastMinor = 0] = least.split(".").map(Number);
  return major < leastMajor || (major === leastMajor && minor < leastMinor);
}
