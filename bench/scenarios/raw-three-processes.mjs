// 50 000 connections on one machine: three processes, since a process here may open 20 000 files.

import { Contender } from "../lib/contest.mjs";
import { publishTo } from "../lib/fanout.mjs";
import { median } from "../lib/stats.mjs";
import { costTable, setUps } from "../lib/tables.mjs";

export const title =
  "50 000 subscribers in three processes, all served at once, 64-byte messages: the WebSocket layer alone";
export const contenders = ["websocket", "ws", "uws"];

const processes = 3;
const perProcess = Math.ceil(50_000 / processes);
const few = 1_000;
const load = { burst: 1, turnsAhead: 2 };

export async function run(names, { rounds, seconds, log }) {
  const results = [];
  for (let round = 1; round <= rounds; round++) {
    for (const name of names) {
      for (const [count, subscribers] of [
        [1, few],
        [processes, perProcess],
      ]) {
        const row = await measure(name, count, subscribers, seconds);
        results.push({ round, server: name, case: caseOf(count, subscribers), ...row });
        log(
          `round ${round}/${rounds}, ${name}, ${count} × ${subscribers}: ${row.costUs.toFixed(2)} µs per delivery, ${row.kib.toFixed(1)} KiB`,
        );
      }
    }
  }
  const [alone, all] = [caseOf(1, few), caseOf(processes, perProcess)];
  const of = (server, at, field) =>
    results.filter((row) => row.server === server && row.case === at).map((row) => row[field]);
  const rows = names.map((server) => [
    server,
    (median(of(server, all, "costUs")) / median(of(server, alone, "costUs"))).toFixed(2),
    median(of(server, all, "kib")).toFixed(1),
  ]);
  const growth = { title: "growth", head: ["server", "cost of 50 000 ÷ cost of 1 000", "KiB/connection"], rows };
  const tables = [alone, all].map((at) => costTable(at, "delivery", names[0], results));
  return { results, tables: [...tables, growth], notes: setUps(results) };
}

const caseOf = (count, subscribers) =>
  `${count === 1 ? "one process" : `${count} processes`} of ${subscribers} subscribers`;

/** The mean cost of a delivery while all processes publish, and what a connection holds. */
async function measure(name, count, subscribers, seconds) {
  const up = [];
  try {
    for (let index = 0; index < count; index++) up.push(await Contender.start(name, "idle", {}));
    const before = await sum(up, (contender) => contender.rssBytes());
    await end(up);
    for (let index = 0; index < count; index++)
      up.push(await Contender.start(name, "subscribers", { count: subscribers }));
    const held = (await sum(up, (contender) => contender.rssBytes())) - before;
    await Promise.all(up.map((contender) => publishTo(contender, { ...load, seconds: 1 }, subscribers)));
    const costs = await Promise.all(up.map((contender) => publishTo(contender, { ...load, seconds }, subscribers)));
    const mean = (field) => costs.reduce((total, cost) => total + cost[field], 0) / count;
    const fields = Object.keys(costs[0]).filter((field) => typeof costs[0][field] === "number");
    const means = Object.fromEntries(fields.map((field) => [field, mean(field)]));
    const perSecond = means.perSecond * count;
    return { ...means, perSecond, kib: held / 1_024 / (count * subscribers), setUp: up[0].setUp };
  } finally {
    await end(up);
  }
}

async function sum(list, of) {
  const values = await Promise.all(list.map(of));
  return values.reduce((total, value) => total + value, 0);
}

async function end(up) {
  await Promise.all(up.splice(0).map((contender) => contender.end()));
}
