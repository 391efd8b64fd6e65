import { defineConfig } from "vitest/config";

// Drives worker processes over the built packages.
export default defineConfig({
  test: { root: import.meta.dirname, include: ["**/*.test.ts"], testTimeout: 300_000, fileParallelism: false },
});
