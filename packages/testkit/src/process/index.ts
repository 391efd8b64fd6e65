// Entry `@heddle/testkit/process`: faults between real processes. Node only.

export { spawnBound, type BoundOptions } from "./bound-child.ts";
export { RedisCluster, WatchedRedis } from "./redis-cluster.ts";
export { freePort, RedisServer, type RedisServerOptions } from "./redis-server.ts";
export { TcpProxy, type TcpProxyOptions, type Way, type Weather } from "./tcp-proxy.ts";
