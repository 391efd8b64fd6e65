// How many appends a second does the disk engine acknowledge, and how many of them share one sync?

import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, systemRandom } from "@heddle/base/system";
import { disk } from "@heddle/engine-disk";
import { median } from "../lib/stats.mjs";
import { medianRows } from "../lib/tables.mjs";

export const title = "appends to the disk engine: 64 publishers, one append of 100 bytes under way each, 16 channels";
export const contenders = ["always", "interval", "never"];

const publishers = 64;
const channels = 16;
const data = new Uint8Array(100).fill(120);
const keep = { entries: 1_000, ageMs: 3_600_000 };
const probes = 200;

export async function run(names, { rounds, seconds, log }) {
  const results = [];
  for (let round = 1; round <= rounds; round++) {
    const syncMs = await syncCost();
    for (const sync of names) {
      const row = { round, sync, syncMs, ...(await measure(sync, seconds)) };
      results.push(row);
      log(
        `round ${round}/${rounds}, ${sync}: ${Math.round(row.perSecond)} appends/s, ${row.perBatch.toFixed(1)} a batch`,
      );
    }
  }
  const rows = medianRows(names, (name) => results.filter(({ sync }) => sync === name), [
    ["perSecond", 0],
    ["syncedPerSecond", 0],
    ["perBatch", 1],
    ["cpuUs", 1],
    ["p99Ms", 2],
  ]);
  const head = ["sync", "appends/s", "least…most", "synced writes/s", "appends/batch", "CPU µs/append", "p99 ms"];
  const notes = [`one write of 4 KiB and fdatasync here: ${median(results.map(({ syncMs }) => syncMs)).toFixed(2)} ms`];
  return { results, tables: [{ title: "disk-append", head, rows }], notes };
}

async function measure(sync, seconds) {
  const path = await mkdtemp(join(tmpdir(), "heddle-bench-"));
  const engine = disk({ path, sync });
  await engine.start({ clock: systemClock(), random: systemRandom() });
  try {
    const waits = [];
    const state = { isOver: false };
    const publish = async (index) => {
      for (let n = 1; !state.isOver; n++) {
        const sentMs = performance.now();
        await engine.log.append(`channel/${index % channels}`, draftOf(`x${index}`, n));
        waits.push(performance.now() - sentMs);
      }
    };
    const running = Array.from({ length: publishers }, (_, index) => publish(index));
    await new Promise((resolve) => setTimeout(resolve, 500));
    waits.length = 0;
    const [before, cpu, fromMs] = [{ ...engine.counters }, process.cpuUsage(), performance.now()];
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    const [after, spent, tookS] = [{ ...engine.counters }, process.cpuUsage(cpu), (performance.now() - fromMs) / 1_000];
    state.isOver = true;
    await Promise.all(running);
    const appends = after.appends - before.appends;
    waits.sort((a, b) => a - b);
    return {
      perSecond: appends / tookS,
      syncedPerSecond: (after.syncedWrites - before.syncedWrites) / tookS,
      perBatch: appends / (after.batches - before.batches),
      cpuUs: (spent.user + spent.system) / appends,
      p99Ms: waits[Math.floor(waits.length * 0.99)],
    };
  } finally {
    await engine.stop();
    await rm(path, { recursive: true });
  }
}

const draftOf = (x, n) => ({
  tag: 2 + n,
  epochIfNone: "E",
  dedup: { by: "producer", x, n, prev: n - 1, hash: `${n}` },
  keep,
  ...{ id: `${x}:${n}`, event: "message", key: "", user: "", traceparent: "", kind: "bytes", data },
});

/** What this disk asks for one small synced write. Milliseconds. */
async function syncCost() {
  const folder = await mkdtemp(join(tmpdir(), "heddle-bench-"));
  const file = await open(join(folder, "probe"), "w");
  try {
    const times = [];
    for (let probe = 0; probe < probes; probe++) {
      const fromMs = performance.now();
      await file.write(new Uint8Array(4_096), 0, 4_096, probe * 4_096);
      await file.datasync();
      times.push(performance.now() - fromMs);
    }
    return median(times);
  } finally {
    await file.close();
    await rm(folder, { recursive: true });
  }
}
