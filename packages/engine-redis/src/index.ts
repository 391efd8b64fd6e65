// Entry `@heddle/engine-redis`: an engine for many nodes on Redis or Valkey.

export { redisLimits, type RedisLimits, type RedisOptions } from "./limits.ts";
export { redis, type RedisEngine } from "./redis-engine.ts";
