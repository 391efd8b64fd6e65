import { defineConfig } from "vitest/config";

// The playground in a real browser. One worker: two cores have a server and a browser to run already.
export default defineConfig({
  resolve: { conditions: ["heddle-source"] },
  ssr: { resolve: { conditions: ["heddle-source"] } },
  test: {
    include: ["tests/e2e/*.test.ts"],
    globalSetup: ["tests/e2e/support/shared.ts"],
    testTimeout: 60_000,
    hookTimeout: 30_000,
    fileParallelism: false,
    maxWorkers: 1,
  },
});
