// Redis Cluster, Sentinel, and two playgrounds on one Redis.

import { redisConfig, slowFiles } from "./redis-config.ts";

export default redisConfig({ include: slowFiles });
