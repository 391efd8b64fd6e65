// Measurements as tables: a row a server, medians over the rounds, our ratio to each.

import { median, ratios, spread } from "./stats.mjs";

/** A table of CPU per message. `unit` names the message, `ours` the server whose ratios are printed. */
export function costTable(title, unit, ours, results) {
  const of = (server, field) =>
    results.filter((row) => row.server === server && row.case === title).map((row) => row[field]);
  const servers = [...new Set(results.map(({ server }) => server))];
  const rows = servers.map((server) => {
    const costs = of(server, "costUs");
    const busy = of(server, "machineBusy").filter((share) => share !== undefined);
    const isComparable = server !== ours && servers.includes(ours);
    return [
      server,
      `${median(costs).toFixed(2)} (${median(of(server, "userUs")).toFixed(2)} + ${median(of(server, "systemUs")).toFixed(2)})`,
      range(spread(costs)),
      isComparable ? ratioText(ratios(of(ours, "costUs"), costs)) : "",
      String(Math.round(median(of(server, "perSecond")))),
      percent(median(of(server, "driverCpu"))),
      busy.length === 0 ? "–" : percent(median(busy)),
    ];
  });
  const head = [
    "server",
    `µs/${unit} (user + system)`,
    "least…most",
    `${ours}/it (least…most)`,
    `${unit === "delivery" ? "deliveries" : `${unit}s`}/s`,
    "driver CPU",
    "machine busy",
  ];
  return { title, head, rows };
}

/** A line per server: what it was set up with. */
export function setUps(results) {
  return [...new Map(results.map(({ server, setUp }) => [server, setUp]))].map(
    ([server, setUp]) => `${server}: ${setUp}`,
  );
}

export const ratioText = ({ ratio, ...ends }) => `${ratio.toFixed(2)} (${range(ends)})`;

export const range = ({ least, most }) => `${least.toFixed(2)}…${most.toFixed(2)}`;

const percent = (share) => `${Math.round(share * 100)} %`;

/** The table as lines of text, columns aligned. */
export function linesOf({ title, head, rows }) {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const line = (row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join("  ")
      .trimEnd();
  return [title, ...all.map(line)];
}

/**
 * A row a set-up, its first figure with the ends.
 *
 * @param of       a set-up's name to its measurements
 * @param columns  field and digits of each figure
 */
export function medianRows(names, of, columns) {
  return names.map((name) => {
    const [[first, digits], ...rest] = columns;
    const values = (field) => of(name).map((row) => row[field]);
    return [
      name,
      median(values(first)).toFixed(digits),
      range(spread(values(first))),
      ...rest.map(([field, places]) => median(values(field)).toFixed(places)),
    ];
  });
}
