// Real Redis servers, started by the tests themselves.

import { redisConfig, slowFiles } from "./redis-config.ts";

export default redisConfig({ include: ["**/*.test.ts"], exclude: slowFiles });
