import { defineConfig } from "vitest/config";

// The built client in run-times that are downloaded first, each chatting with a real server.
export default defineConfig({
  resolve: { conditions: ["heddle-source"] },
  ssr: { resolve: { conditions: ["heddle-source"] } },
  cacheDir: "../../node_modules/.vite/runtimes",
  test: {
    root: import.meta.dirname,
    include: ["**/*.test.ts"],
    globalSetup: ["support/install.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 1,
  },
});
