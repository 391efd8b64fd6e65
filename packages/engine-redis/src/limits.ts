// Every option and bound of the Redis engine, with defaults. Nothing here opens anything.

import type { ConnectionOptions } from "node:tls";
import { expectInteger, expectRange, OptionError } from "@heddle/base";
import type { NodeId } from "@heddle/hub/ports";
import { wireLimits } from "@heddle/protocol";

export interface RedisLimits {
  /** How long a connection may take to be made. Milliseconds, 100…60_000, default 5_000. */
  readonly connectMs: number;
  /** How long an answer may take; then what was asked is `unknown`. Milliseconds, 100…60_000, default 5_000. */
  readonly answerMs: number;
  /** Silence after which a link is probed; two probes that do not come back end it. Milliseconds, 100…60_000, default 5_000. */
  readonly probeMs: number;
  /** Pause before a broken link is made again, at first. Milliseconds, 10…60_000, default 100. */
  readonly retryMinMs: number;
  /** Longest such pause. Milliseconds, retryMinMs…600_000, default 5_000. */
  readonly retryMaxMs: number;
  /** How often Sentinels and Clusters are asked where their primaries are. Milliseconds, 100…600_000, default 5_000. */
  readonly topologyMs: number;
  /** Commands under way; more are refused as `overloaded`. 1…1_000_000, default 10_000. */
  readonly pendingCommands: number;
  /** Bytes of data of commands under way. 65_536…1_073_741_824, default 67_108_864. */
  readonly pendingBytes: number;
  /** How long a producer's last publish is remembered. Milliseconds, 1_000…86_400_000, default 3_600_000. */
  readonly dedupWindowMs: number;
  /** How long a channel is kept after its last use, or twice its age where that is longer. Milliseconds, 60_000…, default 604_800_000: seven days. */
  readonly idleChannelMs: number;
  /** How often a node says that it is alive. Milliseconds, 50…60_000, default 2_000. */
  readonly heartbeatMs: number;
  /** Silence after which a node counts as gone, while the own link is up. Milliseconds, 2 × heartbeatMs…600_000, default 10_000. */
  readonly leaseMs: number;
}

export const redisLimits: RedisLimits = {
  connectMs: 5_000,
  answerMs: 5_000,
  probeMs: 5_000,
  retryMinMs: 100,
  retryMaxMs: 5_000,
  topologyMs: 5_000,
  pendingCommands: 10_000,
  pendingBytes: 67_108_864,
  dedupWindowMs: wireLimits.dedupWindowMs,
  idleChannelMs: 604_800_000,
  heartbeatMs: 2_000,
  leaseMs: 10_000,
};

/** Parts that channels are spread over; each has one hash tag, so one slot of a Cluster. Written into every store once. */
export const partitionCount = 256;

export interface RedisOptions {
  /**
   * `redis://user:password@host:port`, or `rediss://` over TLS. Several name the nodes of a Cluster to begin with, or with
   * `sentinel` the Sentinels; user and password of the first are then those of the data nodes.
   */
  readonly url: string | readonly string[];
  /** The URLs are Sentinels; `name` is what they call the primary. */
  readonly sentinel?: { readonly name: string; readonly username?: string; readonly password?: string };
  /** Certificates and the like for `rediss://`, as Node's `tls.connect` takes them. */
  readonly tls?: ConnectionOptions;
  /** Begins the name of every key and topic. Systems that share a Redis need one each. 1…64 of `A-Z a-z 0-9 _ . : -`, default `heddle:`. */
  readonly prefix?: string;
  /** Name of this node, unique among those on the store. Default: drawn at every start. */
  readonly node?: NodeId;
  readonly limits?: Partial<RedisLimits>;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export const addressText = ({ host, port }: Address): string => `${host}:${port}`;

/** How to get in. */
export interface Access {
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Undefined: plain TCP. */
  readonly tls: ConnectionOptions | undefined;
}

export interface RedisSettings {
  readonly seeds: readonly Address[];
  readonly access: Access;
  readonly sentinel: { readonly name: string; readonly access: Access } | undefined;
  readonly prefix: string;
  readonly node: NodeId | undefined;
  readonly limits: RedisLimits;
}

/** @throws {OptionError} naming field, value and what is wanted; a password is never in it */
export function resolveRedis({
  url,
  sentinel,
  tls,
  prefix = "heddle:",
  node,
  limits = {},
}: RedisOptions): RedisSettings {
  const urls = (typeof url === "string" ? [url] : [...url]).map(parseUrl);
  const [first] = urls;
  if (first === undefined) throw new OptionError("url", "none", "redis://host:port");
  if (!/^[\w.:-]{1,64}$/.test(prefix)) throw new OptionError("prefix", prefix, "1 to 64 of A-Z a-z 0-9 _ . : -");
  if (node !== undefined && !/^[\w.:-]{1,64}$/.test(node))
    throw new OptionError("node", node, "1 to 64 of A-Z a-z 0-9 _ . : -");
  const access = { username: first.username, password: first.password, tls: first.isTls ? { ...tls } : undefined };
  return {
    seeds: urls.map(({ host, port }) => ({ host, port })),
    access,
    sentinel: sentinel && {
      name: sentinel.name,
      access: { username: sentinel.username, password: sentinel.password, tls: access.tls },
    },
    ...{ prefix, node },
    limits: resolveLimits(limits),
  };
}

function resolveLimits(given: Partial<RedisLimits>): RedisLimits {
  const limits = { ...redisLimits, ...given };
  expectRange("limits.connectMs", limits.connectMs, 100, 60_000);
  expectRange("limits.answerMs", limits.answerMs, 100, 60_000);
  expectRange("limits.probeMs", limits.probeMs, 100, 60_000);
  expectRange("limits.retryMinMs", limits.retryMinMs, 10, 60_000);
  expectRange("limits.retryMaxMs", limits.retryMaxMs, limits.retryMinMs, 600_000);
  expectRange("limits.topologyMs", limits.topologyMs, 100, 600_000);
  expectInteger("limits.pendingCommands", limits.pendingCommands, 1, 1_000_000);
  expectInteger("limits.pendingBytes", limits.pendingBytes, 65_536, 1_073_741_824);
  expectInteger("limits.dedupWindowMs", limits.dedupWindowMs, 1_000, 86_400_000);
  expectInteger("limits.idleChannelMs", limits.idleChannelMs, 60_000, 2 ** 45);
  expectRange("limits.heartbeatMs", limits.heartbeatMs, 50, 60_000);
  expectRange("limits.leaseMs", limits.leaseMs, 2 * limits.heartbeatMs, 600_000);
  return limits;
}

function parseUrl(text: string) {
  const wanted = "redis://host:port or rediss://host:port";
  if (typeof text !== "string" || !URL.canParse(text)) throw new OptionError("url", "no URL", wanted);
  const { protocol, hostname, port, username, password, pathname } = new URL(text);
  if (protocol !== "redis:" && protocol !== "rediss:") throw new OptionError("url", protocol, wanted);
  // Pub/sub knows no databases: two systems on two of them would hear each other.
  if (!["", "/", "/0"].includes(pathname))
    throw new OptionError("url", pathname, "database 0; systems on one Redis are kept apart by `prefix`");
  return {
    host: hostname.replace(/^\[(.*)\]$/, "$1") || "127.0.0.1",
    port: port === "" ? 6_379 : Number(port),
    username: username === "" ? undefined : decodeURIComponent(username),
    password: password === "" ? undefined : decodeURIComponent(password),
    isTls: protocol === "rediss:",
  };
}
