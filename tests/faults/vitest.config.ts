import { defineConfig } from "vitest/config";

// Real processes over the built packages, one run at a time.
export default defineConfig({
  cacheDir: "../../node_modules/.vite/faults",
  test: {
    root: import.meta.dirname,
    include: ["**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 900_000,
  },
});
