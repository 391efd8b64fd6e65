// A node with 10 000 clients is killed: how long until all of them go on at another node, and what does that cost Redis?

import { RedisServer } from "@heddle/testkit/process";
import { Child } from "../lib/child.mjs";
import { medianRows } from "../lib/tables.mjs";

const rooms = 100;
/** Clients come back at moments of their own; all are owed by then. Milliseconds. */
const patienceMs = 180_000;
const clientCount = Number(process.env["HEDDLE_BENCH_CLIENTS"] ?? 10_000);

export const title = `${clientCount} clients in ${rooms} rooms resume on another node of one Redis when theirs is killed`;
export const contenders = ["heddle"];

export async function run(names, { rounds, log }) {
  const results = [];
  for (let round = 1; round <= rounds; round++) {
    const row = { round, ...(await measure()) };
    results.push(row);
    log(`round ${round}/${rounds}: all back after ${(row.allMs / 1_000).toFixed(1)} s, ${row.reads} reads of Redis`);
  }
  const rows = medianRows(names, () => results, [
    ["clients", 0],
    ["resumes", 0],
    ["gaps", 0],
    ["reads", 0],
    ["halfMs", 0],
    ["allMs", 0],
    ["delivered", 0],
  ]);
  const head = [
    "",
    "clients",
    "least…most",
    "resumed",
    "gaps",
    "reads of Redis",
    "half back ms",
    "all back ms",
    "delivered",
  ];
  const notes = [
    `${rooms} rooms, ${clientCount} clients with their default pace of coming back; a message is published in every room while they are away.`,
    `Reads of Redis: of channels' logs, by the other node, from the kill until all are back; looks at revocations, heads and appends are no reads.`,
  ];
  return { results, tables: [{ title: "redis-resume", head, rows }], notes };
}

async function measure() {
  const redis = await RedisServer.start();
  const node = (name) =>
    new Child(new URL("../servers/heddle-redis.mjs", import.meta.url), [JSON.stringify({ url: redis.url, name })]);
  const [near, far] = [node("near"), node("far")];
  const started = [near, far];
  try {
    const ports = (await Promise.all([near.next("ready"), far.next("ready")])).map(({ port }) => port);
    const config = JSON.stringify({ ports, count: clientCount, rooms });
    const driver = new Child(new URL("../drivers/resuming.mjs", import.meta.url), [config]);
    started.push(driver);
    await driver.next("connected");
    driver.send({ is: "move" });
    const before = await storeReads(far);
    const killedMs = performance.now();
    const back = whenBack(driver, killedMs);
    await near.end();
    far.send({ is: "publish", rooms });
    await far.next("published");
    const { halfMs, allMs } = await back;
    await new Promise((resolve) => setTimeout(resolve, 1_000)); // the last deliveries
    const reads = (await storeReads(far)) - before;
    driver.send({ is: "tell" });
    const { resumes, gaps, got } = await driver.next("told");
    return { clients: clientCount, resumes, gaps, reads, halfMs, allMs, delivered: got };
  } finally {
    await Promise.all(started.map((child) => child.end()));
    await redis[Symbol.asyncDispose]();
  }
}

/** When half of the clients, and all of them, are on the other node. */
function whenBack(driver, killedMs) {
  return new Promise((resolve, reject) => {
    let halfMs;
    const timer = setTimeout(() => reject(new Error(`not all clients were back after ${patienceMs} ms`)), patienceMs);
    driver.on("state", ({ back }) => {
      const tookMs = performance.now() - killedMs;
      if (back >= clientCount / 2) halfMs ??= tookMs;
      if (back < clientCount) return;
      clearTimeout(timer);
      resolve({ halfMs, allMs: tookMs });
    });
  });
}

/** Reads of channels' logs that this node has asked of Redis: to attach, to repair, and for those who catch up. */
async function storeReads(node) {
  node.send({ is: "tell" });
  return (await node.next("told")).storeReads;
}
