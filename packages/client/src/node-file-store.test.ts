import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileStore } from "./node-file-store.ts";

let folder = "";
let path = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "heddle-outbox-"));
  path = join(folder, "outbox");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What the next process finds. */
async function found(): Promise<{ rows: unknown; corruptCount: number | undefined }> {
  const store = fileStore({ path });
  const opened = await store.open();
  await store.close();
  return { rows: opened?.rows, corruptCount: opened?.corruptCount };
}

describe("a file store", () => {
  it("is empty where nothing was, and has in the next process what was written", async () => {
    const store = fileStore({ path });
    expect(await store.open()).toEqual({ rows: [], corruptCount: 0 });
    await store.write([
      ["a", "1"],
      ["b", "two\n"],
    ]);
    await store.write([
      ["a", undefined],
      ["b", "3"],
    ]);
    await store.close();
    expect(await found()).toEqual({ rows: [["b", "3"]], corruptCount: 0 });
  });

  it("has what was written when its process had no time to close", async () => {
    const store = fileStore({ path });
    await store.open();
    await store.write([["a", "1"]]);
    expect(await found()).toEqual({ rows: [["a", "1"]], corruptCount: 0 });
    await store.close().catch(() => undefined); // its lock was taken over and is gone
  });

  it("forgets a change that was written in part, all of it", async () => {
    const store = fileStore({ path });
    await store.open();
    await store.write([["a", "1"]]);
    await store.close();
    await appendFile(path, `[["a","2"],["b","3"]`);
    expect(await found()).toEqual({ rows: [["a", "1"]], corruptCount: 0 });
  });

  it("counts damaged lines and reads the others", async () => {
    await writeFile(path, `[["a","1"]]\n[["b",2]]\nnonsense\n[["c","3"]]\n`);
    expect(await found()).toEqual({
      rows: [
        ["a", "1"],
        ["c", "3"],
      ],
      corruptCount: 2,
    });
  });

  it("does not grow with what is out of date", async () => {
    const store = fileStore({ path });
    await store.open();
    for (let round = 0; round < 7; round++) await store.write([["a", "x".repeat(1_000_000)]]);
    expect((await stat(path)).size).toBeLessThan(6_000_000);
    await store.write([["b", "1"]]);
    await store.close();
    expect(await readFile(path, "utf8")).toMatch(/"b","1"/);
    expect((await found()).rows).toHaveLength(2);
  });

  it("is refused while another process has it", async () => {
    await writeFile(`${path}.lock`, String(process.ppid));
    expect(await fileStore({ path }).open()).toBeUndefined();
    expect(await readFile(`${path}.lock`, "utf8")).toBe(String(process.ppid));
  });

  it.each([
    ["of a process that is gone", "4194999"],
    ["that makes no sense", "x"],
    ["that is empty", ""],
  ])("takes over a lock %s", async (_, holder) => {
    await writeFile(`${path}.lock`, holder);
    expect(await found()).toEqual({ rows: [], corruptCount: 0 });
  });

  it("writes nothing after it is closed, and lets go of its lock when it cannot be read", async () => {
    const store = fileStore({ path });
    await store.open();
    await store.close();
    await expect(store.write([["a", "1"]])).rejects.toThrow("closed");
    const nowhere = fileStore({ path: folder });
    await expect(nowhere.open()).rejects.toThrow("EISDIR");
    await expect(stat(`${folder}.lock`)).rejects.toThrow("ENOENT");
  });
});
