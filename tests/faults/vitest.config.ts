import { defineConfig } from "vitest/config";

// Real processes over the built packages.
export default defineConfig({
  cacheDir: "../../node_modules/.vite/faults",
  test: { root: import.meta.dirname, include: ["**/*.test.ts"], testTimeout: 300_000, hookTimeout: 900_000 },
});
