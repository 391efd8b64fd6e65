// Packs the packages as they are published and uses them as a stranger does: built files, no source condition.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/packaging/**/*.test.ts"],
    // Packing, installing and compiling; not a matter of milliseconds.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
