// Unit tests run the TypeScript sources: the packages' `heddle-source` export condition points at src/.
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["heddle-source"] },
  ssr: { resolve: { conditions: ["heddle-source"] } },
  test: {
    include: [
      "packages/*/src/**/*.test.ts",
      "scripts/**/*.test.ts",
      "examples/*/*.test.ts",
      "examples/*/src/**/*.test.{ts,tsx}",
      "tests/fuzz/*.test.ts",
      "bench/**/*.test.{ts,mjs}",
    ],
    exclude: ["**/*.types.test.ts", "**/node_modules/**"], // compiled by `npm run check`, never run
    testTimeout: 10_000,
    pool: "threads",
  },
});
