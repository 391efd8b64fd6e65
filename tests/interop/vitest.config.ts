import { defineConfig } from "vitest/config";

// Other people's implementations as processes of their own. One worker: two cores have enough to do with both ends.
export default defineConfig({
  resolve: { conditions: ["heddle-source"] },
  ssr: { resolve: { conditions: ["heddle-source"] } },
  cacheDir: "../../node_modules/.vite/interop",
  test: {
    root: import.meta.dirname,
    include: ["*.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    fileParallelism: false,
    maxWorkers: 1,
  },
});
