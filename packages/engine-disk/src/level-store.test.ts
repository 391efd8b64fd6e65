// LevelDB in a folder: what can go wrong when it is opened, and what the port promises of a range.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, systemRandom } from "@heddle/base/system";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { disk } from "./index.ts";
import { openLevelStore } from "./level-store.ts";

const env = { clock: systemClock(), random: systemRandom() };
let path = "";

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), "heddle-level-"));
});
afterEach(() => rm(path, { recursive: true, force: true }));

const key = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);

describe("opening", () => {
  it("creates the folder and those above it", async () => {
    const reading = withStore(join(path, "deep", "down"), (store) => store.get(key(1)));
    expect(await reading).toBeUndefined();
  });

  it("refuses a folder that another engine holds, and names it", async () => {
    const first = disk({ path });
    await first.start(env);
    const second = disk({ path });
    await expect(second.start(env)).rejects.toMatchObject({
      code: "failed",
      message: expect.stringMatching(new RegExp(`${path}: in use by another process`)) as string,
    });
    await first.stop();
    await second.start(env); // it was not broken by the refusal
    await second.stop();
  });

  it("refuses a store that is damaged, and names it", async () => {
    await withStore(path, (store) => store.write([{ key: key(1), value: key(1) }], { sync: true }));
    await writeFile(join(path, "CURRENT"), "not a manifest");
    await expect(disk({ path }).start(env)).rejects.toMatchObject({
      code: "failed",
      message: expect.stringContaining(path) as string,
    });
  });
});

describe("a range", () => {
  it("sees what there was when it was asked for", async () => {
    await withStore(path, async (store) => {
      await store.write(
        [1, 2, 3].map((each) => ({ key: key(each), value: key(each) })),
        { sync: false },
      );
      const range = store.range({ from: key(0), to: key(9), limit: 10 });
      await store.write([{ key: key(2), value: undefined }], { sync: false });
      expect((await range).map((each) => each.key[0])).toEqual([1, 2, 3]);
    });
  });

  it("keeps to its limits, in both directions", async () => {
    await withStore(path, async (store) => {
      const changes = Array.from({ length: 200 }, (_, index) => ({ key: key(index), value: new Uint8Array(100) }));
      await store.write(changes, { sync: false });
      const first = async (range: object): Promise<(number | undefined)[]> =>
        (await store.range({ from: key(10), to: key(190), limit: 500, ...range })).map((each) => each.key[0]);
      expect(await first({ limit: 3 })).toEqual([10, 11, 12]);
      expect(await first({ limit: 3, reverse: true })).toEqual([189, 188, 187]);
      expect(await first({ bytes: 250 })).toEqual([10, 11, 12]);
      expect(await first({})).toHaveLength(180);
    });
  });
});

async function withStore<T>(
  folder: string,
  use: (store: Awaited<ReturnType<typeof openLevelStore>>) => Promise<T>,
): Promise<T> {
  const store = await openLevelStore(folder);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}
