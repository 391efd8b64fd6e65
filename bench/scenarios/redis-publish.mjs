// How many publishes a second does one Redis take from one node, in how many round trips each, and how long does a publish take to
// be received on another node at half that load?

import { systemClock, systemRandom } from "@heddle/base/system";
import { redis } from "@heddle/engine-redis";
import { RedisServer } from "@heddle/testkit/process";
import { medianRows } from "../lib/tables.mjs";

export const title =
  "publishes to one Redis: 64 publishers, one publish of 100 bytes under way each, 16 channels, received on another node";
export const contenders = ["memory", "everysec"];

const publishers = 64;
const channels = 16;
const data = new Uint8Array(100).fill(120);
const keep = { entries: 1_000, ageMs: 3_600_000 };
const env = { clock: systemClock(), random: systemRandom() };

export async function run(names, { rounds, seconds, log }) {
  const results = [];
  for (let round = 1; round <= rounds; round++) {
    for (const persistence of names) {
      const row = { round, persistence, ...(await measure(persistence, seconds)) };
      results.push(row);
      log(
        `round ${round}/${rounds}, ${persistence}: ${Math.round(row.perSecond)} publishes/s, p99 ${row.p99Ms.toFixed(1)} ms at half`,
      );
    }
  }
  const rows = medianRows(names, (name) => results.filter(({ persistence }) => persistence === name), [
    ["perSecond", 0],
    ["roundTrips", 3],
    ["redisCpuUs", 1],
    ["nodeCpuUs", 1],
    ["p50Ms", 2],
    ["p99Ms", 2],
  ]);
  const head = [
    "appendonly",
    "publishes/s",
    "least…most",
    "round trips",
    "Redis CPU µs",
    "nodes' CPU µs",
    "p50 ms at half",
    "p99 ms at half",
  ];
  const notes = ["Redis, the publishing node and the receiving node share this machine; both nodes are one process."];
  return { results, tables: [{ title: "redis-publish", head, rows }], notes };
}

async function measure(persistence, seconds) {
  const args = persistence === "everysec" ? ["--appendonly", "yes", "--appendfsync", "everysec"] : [];
  const server = await RedisServer.start({ args });
  const [near, far] = [redis({ url: server.url }), redis({ url: server.url })];
  try {
    await Promise.all([near.start(env), far.start(env)]);
    const sentMs = new Map();
    const waits = [];
    const sink = {
      entry(_gen, { id }) {
        const atMs = sentMs.get(id);
        sentMs.delete(id);
        if (atMs !== undefined) waits.push(performance.now() - atMs);
      },
      broken: (_gen, why) => console.error(`the link broke: ${why}`),
    };
    await Promise.all(Array.from({ length: channels }, (_, index) => far.log.attach(`channel/${index}`, sink)));
    const full = await drive(near, server, seconds, 0, sentMs);
    waits.length = 0;
    await drive(near, server, seconds, publishers / (full.perSecond / 2), sentMs);
    waits.sort((a, b) => a - b);
    const at = (part) => waits[Math.floor(waits.length * part)] ?? NaN;
    return { ...full, p50Ms: at(0.5), p99Ms: at(0.99) };
  } finally {
    await Promise.all([near.stop(), far.stop()]);
    await server[Symbol.asyncDispose]();
  }
}

let runCount = 0;

/** All publishers for a while. @param everyS  pause between two publishes of one, counted from their beginnings; 0: none */
async function drive(engine, server, seconds, everyS, sentMs) {
  const name = `run${++runCount}`;
  const state = { isOver: false, count: 0 };
  const publish = async (index) => {
    let dueMs = performance.now() + Math.random() * everyS * 1_000;
    for (let n = 1; !state.isOver; n++) {
      if (everyS > 0) {
        dueMs += everyS * 1_000;
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())));
      }
      const draft = draftOf(`${name}x${index}`, n);
      sentMs.set(draft.id, performance.now());
      await engine.log.append(`channel/${index % channels}`, draft);
      state.count++;
    }
  };
  const [before, cpu] = [await statsOf(server), process.cpuUsage()];
  const running = Array.from({ length: publishers }, (_, index) => publish(index));
  await new Promise((resolve) => setTimeout(resolve, 500));
  const [countBefore, fromMs] = [state.count, performance.now()];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  const perSecond = (state.count - countBefore) / ((performance.now() - fromMs) / 1_000);
  state.isOver = true;
  await Promise.all(running);
  // Of the whole drive: every publish that was sent is answered by now.
  const [after, spent] = [await statsOf(server), process.cpuUsage(cpu)];
  return {
    perSecond,
    roundTrips: (after.calls - before.calls) / state.count,
    redisCpuUs: (after.cpuUs - before.cpuUs) / state.count,
    nodeCpuUs: (spent.user + spent.system) / state.count,
  };
}

/** What clients have sent (commands that scripts run are not theirs), and what Redis has spent. */
async function statsOf(server) {
  const stats = await server.command("info", "commandstats");
  const sent = ["evalsha", "eval", "script\\|load"].map((name) =>
    Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0),
  );
  const cpu = await server.command("info", "cpu");
  const spent = ["used_cpu_user", "used_cpu_sys"].map((name) =>
    Number(new RegExp(`${name}:([\\d.]+)`).exec(cpu)?.[1] ?? 0),
  );
  return { calls: sent.reduce((sum, each) => sum + each, 0), cpuUs: (spent[0] + spent[1]) * 1e6 };
}

const draftOf = (x, n) => ({
  tag: 2 + n,
  epochIfNone: "E",
  dedup: { by: "producer", x, n, prev: n - 1, hash: `${n}` },
  keep,
  ...{ id: `${x}:${n}`, event: "message", key: "", user: "", traceparent: "", kind: "bytes", data },
});
