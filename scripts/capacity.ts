// `npm run capacity`: how many processes, how much memory and how much store a load needs, by the model of docs/capacity.md.
//
//   npm run capacity -- --connections 100000 --rate 5000 --subscribers 20
import { parseArgs } from "node:util";
import { capacityOf, constants, defaults, type Load } from "./capacity/model.ts";
import { fail, Plain } from "./lib/output.mjs";

const words: Readonly<Record<keyof Load, string>> = {
  connections: "open connections",
  rate: "durable publishes a second, all channels together",
  subscribers: "subscribers of a published channel, on average",
  subscriptions: "subscriptions of a connection",
  payload: "bytes of a payload",
  channels: "channels in use",
  history: "entries kept of a channel",
  processes: "server processes; 0: as many as the load needs",
  joined: "messages that leave in one write: 1 for steady traffic, about 10 in bursts",
  producers: "publishers active within the store's window for repetitions (an hour)",
};

const usage = [
  "usage: npm run capacity -- [--connections N] [--rate R] …\n",
  ...Object.entries(words).map(
    ([name, text]) => `  --${name.padEnd(14)} ${text} (default ${defaults[name as keyof Load].toLocaleString("en")})`,
  ),
  "  --json           one JSON object",
  "\nThe model and where its constants come from: docs/capacity.md",
].join("\n");

function loadOf(given: Readonly<Record<string, unknown>>): Load {
  const load = { ...defaults };
  for (const name of Object.keys(words) as (keyof Load)[]) {
    if (given[name] === undefined) continue;
    const value = Number(given[name]);
    const least = name === "processes" ? 0 : 1;
    if (!Number.isFinite(value) || value < least)
      throw new Plain(`--${name}: ${JSON.stringify(given[name])} given, a number from ${least} wanted`);
    load[name] = value;
  }
  return load;
}

function main(): void {
  const options = Object.fromEntries(Object.keys(words).map((name) => [name, { type: "string" as const }]));
  let values: Record<string, unknown>;
  try {
    ({ values } = parseArgs({ options: { ...options, json: { type: "boolean" }, help: { type: "boolean" } } }));
  } catch (cause) {
    throw new Plain(`${(cause as Error).message}\n\n${usage}`);
  }
  if (values["help"]) return console.log(usage);
  const load = loadOf(values);
  const { notes, ...figures } = capacityOf(load);
  if (values["json"]) return console.log(JSON.stringify({ load, constants, ...figures, notes }));
  for (const [name, { value, unit }] of Object.entries(figures)) {
    const shown = value.toLocaleString("en", { maximumSignificantDigits: 3 });
    console.log(`${name.padEnd(28)} ${shown.padStart(14)} ${unit}`);
  }
  for (const note of notes) console.log(`\n${note}`);
}

try {
  main();
} catch (cause) {
  fail(cause);
}
