import { defineConfig } from "vitest/config";

const shared = {
  resolve: { conditions: ["heddle-source"] },
  ssr: { resolve: { conditions: ["heddle-source"] } },
  cacheDir: "../../node_modules/.vite/conformance",
};
const common = { root: import.meta.dirname, testTimeout: 15_000, pool: "threads" } as const;

// Real servers, real sockets, one process. The packages are read as source. Everything over WebSockets, and what clients
// see once more over each other transport.
export default defineConfig({
  ...shared,
  test: {
    maxWorkers: 4, // most of them wait for the network most of the time
    projects: [
      {
        ...shared,
        test: { ...common, name: "websocket", include: ["**/*.test.ts"], provide: { transport: "websocket" } },
      },
      ...(["stream", "poll"] as const).map((transport) => ({
        ...shared,
        test: {
          ...common,
          name: transport,
          include: ["patterns/*.test.ts"],
          provide: { transport },
        },
      })),
    ],
  },
});
