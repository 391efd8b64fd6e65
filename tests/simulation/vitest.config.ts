import { defineConfig } from "vitest/config";

// Drives worker processes over the built packages.
export default defineConfig({
  test: { root: import.meta.dirname, include: ["**/*.test.ts"], testTimeout: 600_000, fileParallelism: false },
});
