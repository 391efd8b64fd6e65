import { defineConfig } from "vitest/config";
import { slowFiles } from "./slow-files.ts";

// Real Redis servers, started by the tests themselves. The packages are read as source.
export default defineConfig({
  resolve: { conditions: ["heddle-source"] },
  ssr: { resolve: { conditions: ["heddle-source"] } },
  cacheDir: "../../node_modules/.vite/redis",
  test: {
    root: import.meta.dirname,
    include: ["**/*.test.ts"],
    exclude: slowFiles,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "threads",
  },
});
