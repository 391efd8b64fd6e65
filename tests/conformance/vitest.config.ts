import { defineConfig } from "vitest/config";

// Real servers, real sockets, one process. The packages are read as source.
export default defineConfig({
  resolve: { conditions: ["heddle-source"] },
  ssr: { resolve: { conditions: ["heddle-source"] } },
  cacheDir: "../../node_modules/.vite/conformance",
  test: {
    root: import.meta.dirname,
    include: ["**/*.test.ts"],
    testTimeout: 15_000,
    pool: "threads",
  },
});
