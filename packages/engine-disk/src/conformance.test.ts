// Both stores run the whole suite: LevelDB in a folder, and the model the property tests rely on.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, systemRandom } from "@heddle/base/system";
import { engineConformance } from "@heddle/testkit/conformance";
import { describe, expect, it } from "vitest";
import { CrashableStore, diskEngineOn } from "./core.ts";
import { disk } from "./index.ts";

const world = {
  ...{ clock: systemClock(), random: systemRandom() },
  lacks: { peer: "one process has the folder" },
};

describe("the disk engine on LevelDB", () => {
  const cases = engineConformance({
    ...world,
    async create() {
      const path = await mkdtemp(join(tmpdir(), "heddle-disk-"));
      const open = (): ReturnType<typeof disk> => disk({ path, sync: "never" });
      return { engine: open(), reopen: async () => open(), dispose: () => rm(path, { recursive: true }) };
    },
  });
  it.each(cases)("$title", ({ run }) => expect(run()).resolves.toBeUndefined());
});

describe.each(["always", "interval"] as const)("the disk engine on its model, synced %s", (sync) => {
  const cases = engineConformance({
    ...world,
    async create() {
      const store = new CrashableStore(() => 1 + (world.random.u32() % 7));
      const open = (): ReturnType<typeof disk> => diskEngineOn({ path: "model", sync, open: () => store.open() });
      return { engine: open(), reopen: async () => open(), dispose: async () => undefined };
    },
  });
  it.each(cases)("$title", ({ run }) => expect(run()).resolves.toBeUndefined());
});
