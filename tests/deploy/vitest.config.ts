import { defineConfig } from "vitest/config";

// Real load balancers before real servers, over the built packages.
export default defineConfig({
  cacheDir: "../../node_modules/.vite/deploy",
  test: { root: import.meta.dirname, include: ["**/*.test.ts"], testTimeout: 300_000, hookTimeout: 200_000 },
});
