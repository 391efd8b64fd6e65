import { defineConfig } from "vitest/config";
import { slowFiles } from "./slow-files.ts";

// What takes many servers, or minutes: Cluster, Sentinel, two playgrounds. The packages are read as source.
export default defineConfig({
  resolve: { conditions: ["heddle-source"] },
  ssr: { resolve: { conditions: ["heddle-source"] } },
  cacheDir: "../../node_modules/.vite/redis",
  test: {
    root: import.meta.dirname,
    include: slowFiles,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "threads",
  },
});
