import { systemClock, systemRandom } from "@heddle/base/system";
import { memoryEngine, MemoryStore } from "@heddle/hub/memory";
import { describe, expect, it } from "vitest";
import { engineConformance } from "./index.ts";

const memory = {
  async create() {
    const store = new MemoryStore();
    return {
      engine: memoryEngine({ store }),
      peer: async () => memoryEngine({ store }),
      dispose: async () => undefined,
    };
  },
  clock: systemClock(),
  random: systemRandom(),
};

describe("the memory engine", () => {
  const cases = engineConformance({ ...memory, lacks: { restart: "memory ends with its process" } });
  it.each(cases)("$title", ({ run }) => expect(run()).resolves.toBeUndefined());
});

describe("the suite", () => {
  it("leaves out what an engine lacks, and has a title for each case of its own", () => {
    const titles = engineConformance(memory).map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
    expect(engineConformance({ ...memory, lacks: { restart: "" } }).length).toBeLessThan(titles.length);
  });
});
