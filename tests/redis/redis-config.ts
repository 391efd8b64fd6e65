// What both sets of tests against real Redis servers have in common. The packages are read as source.

import { defineConfig } from "vitest/config";

/** Tests that take many servers, or minutes: Cluster, Sentinel, two playgrounds. They have a command of their own. */
export const slowFiles = ["cluster.test.ts", "sentinel.test.ts", "playground.test.ts"];

export const redisConfig = (files: { readonly include: string[]; readonly exclude?: string[] }) =>
  defineConfig({
    resolve: { conditions: ["heddle-source"] },
    ssr: { resolve: { conditions: ["heddle-source"] } },
    cacheDir: "../../node_modules/.vite/redis",
    test: { root: import.meta.dirname, ...files, testTimeout: 120_000, hookTimeout: 120_000, pool: "threads" },
  });
