import { OptionError } from "@heddle/base";
import { systemClock, systemRandom } from "@heddle/base/system";
import { EngineError } from "@heddle/hub/ports";
import { describe, expect, it } from "vitest";
import { CrashableStore, diskEngineOn, type KeyValueStore } from "./core.ts";
import { disk, diskLimits } from "./index.ts";
import { entryKey } from "./keys.ts";
import { draftBy } from "./testing/drafts.ts";
import { Drive, settled } from "./testing/drive.ts";

const whole = { last: 1_000, limit: 1_000, bytes: 1e9 };
const codeOf = (running: Promise<unknown>): Promise<unknown> =>
  running.then(
    () => "done",
    (error: unknown) => (error instanceof EngineError ? error.code : error),
  );

describe("group commit", () => {
  it("writes what came in one turn in one synced batch", async () => {
    const store = new CrashableStore();
    const engine = diskEngineOn({ path: "model", open: () => store.open() });
    await engine.start({ clock: systemClock(), random: systemRandom() });
    await engine.log.heads(["a"]);
    for (let n = 1; n <= 3; n++) {
      const before = { ...engine.counters };
      await Promise.all(Array.from({ length: 64 }, (_, index) => engine.log.append("a", draftBy(`p${index}`, n))));
      const { appends, batches, syncedWrites } = engine.counters;
      const counted = [appends - before.appends, batches - before.batches, syncedWrites - before.syncedWrites];
      expect(counted).toEqual([64, 1, 1]);
    }
    await engine.stop();
  });

  it("begins another batch when one is full", async () => {
    const drive = await Drive.start({ limits: { batchBytes: 1_024 } });
    await drive.fill("a", 1);
    const { batches } = drive.engine.counters;
    const data = new Uint8Array(600);
    await drive.all(Promise.all([1, 2, 3, 4, 5].map((n) => drive.append("b", "y", n, { data }))));
    expect(drive.engine.counters.batches - batches).toBeGreaterThan(2);
  });

  it("counts the bytes it writes", async () => {
    const drive = await Drive.start();
    const { bytes } = drive.engine.counters;
    await drive.all(drive.append("a", "x", 1, { data: new Uint8Array(10_000) }));
    expect(drive.engine.counters.bytes - bytes).toBeGreaterThan(10_000);
  });

  it("syncs every 100 ms with `interval`, never with `never`, and neither while nothing is written", async () => {
    for (const [sync, expected] of [
      ["interval", [0, 1, 1]],
      ["never", [0, 0, 0]],
    ] as const) {
      const drive = await Drive.start({ sync });
      await drive.clock.advanceAsync(200);
      const start = drive.engine.counters.syncedWrites;
      await drive.fill("a", 5);
      const seen = [drive.engine.counters.syncedWrites - start];
      for (let round = 0; round < 2; round++) {
        await drive.clock.advanceAsync(101);
        seen.push(drive.engine.counters.syncedWrites - start);
      }
      expect(seen).toEqual(expected);
    }
  });

  it.each(["interval", "never"] as const)("leaves nothing unsynced when it stops, with `%s`", async (sync) => {
    const drive = await Drive.start({ sync });
    await drive.fill("a", 3);
    expect(drive.store.unsyncedCount).toBeGreaterThan(0);
    await drive.all(drive.engine.stop());
    expect(drive.store.unsyncedCount).toBe(0);
  });
});

describe("bounds", () => {
  it("refuses more appends than may be under way, and takes more when they are answered", async () => {
    const drive = await Drive.start({ limits: { pendingAppends: 2 } });
    const outcomes = [1, 2, 3].map((n) => codeOf(drive.append("a", "x", n)));
    expect(await drive.all(Promise.all(outcomes))).toEqual(["done", "done", "overloaded"]);
    expect(await drive.all(codeOf(drive.append("a", "x", 3)))).toBe("done");
  });

  it("refuses more bytes than may be under way", async () => {
    const drive = await Drive.start({ limits: { pendingBytes: 65_536 } });
    const data = new Uint8Array(65_536);
    const outcomes = [1, 2].map((n) => codeOf(drive.append("a", "x", n, { data })));
    expect(await drive.all(Promise.all(outcomes))).toEqual(["done", "overloaded"]);
  });

  it("lets idle channels out of memory and finds them again; channels in use stay", async () => {
    const drive = await Drive.start({ limits: { channelsCached: 3 } });
    const names = ["a", "b", "c", "d", "e"];
    for (const name of names) await drive.fill(name, 2);
    for (const name of names) {
      const { head } = await drive.all(drive.engine.log.read(name, whole));
      expect(head.offset).toBe(2);
    }
    const sink = { entry: () => undefined, broken: () => undefined };
    for (const name of ["a", "b", "c"]) await drive.all(drive.engine.log.attach(name, sink));
    expect(await drive.all(codeOf(drive.engine.log.read("d", whole)))).toBe("overloaded");
  });

  it("refuses more channels than may be on disk, and counts a restart's", async () => {
    const drive = await Drive.start({ limits: { channelsMax: 2 } });
    await drive.fill("a", 1);
    await drive.startAgain();
    await drive.fill("b", 1);
    expect(await drive.all(codeOf(drive.append("c", "x", 1)))).toBe("overloaded");
    expect(await drive.all(codeOf(drive.append("a", "x", 2)))).toBe("done");
  });

  it("reads records that no longer fit into memory back from the store", async () => {
    const drive = await Drive.start({ limits: { recordsCached: 2 } });
    for (const x of ["p", "q", "r", "s"]) await drive.all(drive.append("a", x, 1));
    expect((await drive.all(drive.append("a", "p", 1))).s).toBe("dup");
    expect((await drive.all(drive.append("a", "q", 3))).s).toBe("outOfOrder");
  });

  it("erases at most 16 entries with an append", async () => {
    const drive = await Drive.start();
    await drive.fill("a", 50);
    const few = { entries: 1, ageMs: 3_600_000 };
    await drive.all(drive.append("a", "x", 51, { keep: few })); // the floor rises once this is written
    const before = drive.keys("e");
    await drive.all(drive.append("a", "x", 52, { keep: few }));
    expect(drive.keys("e")).toBe(before - 16 + 1);
  });

  it("names the option that is none", () => {
    const open = (): Promise<KeyValueStore> => Promise.reject(new Error("not asked"));
    const fields = [
      ...Object.keys(diskLimits).map((field) => ({ limits: { [field]: 0 } })),
      { sync: "sometimes" as "never" },
    ].map((options) => {
      try {
        diskEngineOn({ path: "model", open, ...options });
        return "taken";
      } catch (error) {
        return error instanceof OptionError ? error.field : error;
      }
    });
    expect(fields).toEqual([...Object.keys(diskLimits).map((field) => `limits.${field}`), "sync"]);
    expect(() => disk({ path: "" })).toThrow(OptionError);
  });
});

describe("a store that fails or lies", () => {
  it("ends in refusal when a write fails: unknown for what was under way, failed for the rest, and sinks are told", async () => {
    const { store, clock, random } = await Drive.start();
    store.kill();
    let isFull = false;
    const open = async (): Promise<KeyValueStore> => {
      const kept = await store.open();
      const write: KeyValueStore["write"] = (...args) =>
        isFull ? Promise.reject(new Error("no space left")) : kept.write(...args);
      return { ...kept, get: (key) => kept.get(key), write };
    };
    const engine = diskEngineOn({ path: "model", open });
    const wait = <T>(running: Promise<T>): Promise<T> => settled(clock, running);
    await wait(engine.start({ clock, random }));
    const breaks: string[] = [];
    await wait(engine.log.attach("a", { entry: () => undefined, broken: (_gen, why) => void breaks.push(why) }));
    isFull = true;
    expect(await wait(codeOf(engine.log.append("a", draftBy("x", 1))))).toBe("unknown");
    expect(await wait(codeOf(engine.log.append("a", draftBy("x", 2))))).toBe("failed");
    expect(breaks).toEqual([expect.stringContaining("no space left")]);
  });

  it("gives a channel whose head is not its last entry a new epoch, at first use, and leaves others alone", async () => {
    const drive = await Drive.start();
    await drive.fill("a", 3);
    await drive.fill("b", 3);
    const [a, b] = await drive.all(drive.engine.log.heads(["a", "b"]));
    drive.store.kill();
    drive.store.lose(entryKey(1, 3));
    await drive.startAgain();
    const [newA, newB] = await drive.all(drive.engine.log.heads(["a", "b"]));
    expect([newA?.epoch === a?.epoch, newA?.offset, newB]).toEqual([false, 0, b]);
    expect((await drive.all(drive.append("a", "x", 1))).s).toBe("new");
  });

  it("gives a channel with a hole in its log a new epoch when it meets it, and tells who listens", async () => {
    const drive = await Drive.start();
    await drive.fill("a", 5);
    drive.store.kill();
    drive.store.lose(entryKey(1, 3));
    await drive.startAgain();
    const breaks: string[] = [];
    const sink = { entry: () => undefined, broken: (_gen: number, why: string) => void breaks.push(why) };
    await drive.all(drive.engine.log.attach("a", sink));
    const [before] = await drive.all(drive.engine.log.heads(["a"]));
    const { entries, head } = await drive.all(drive.engine.log.read("a", whole));
    expect([before?.offset, entries.length, head.offset, breaks.length]).toEqual([5, 0, 0, 1]);
    expect(head.epoch).not.toBe(before?.epoch);
  });

  it("refuses to be used before it started, after it stopped, and to start twice", async () => {
    const drive = await Drive.start();
    expect(await drive.all(codeOf(drive.engine.start(drive)))).toBe("failed");
    await drive.all(drive.engine.stop());
    await drive.all(drive.engine.stop());
    expect(() => drive.engine.log).toThrow(/after stop/);
  });
});
