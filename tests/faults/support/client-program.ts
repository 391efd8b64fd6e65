// A process of clients under fault: each publishes, follows, reads back and calls, and writes down what it is told. What it
// has handled stands on disk, and a process that was killed goes on from there.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "@heddle/base";
import { SeededRandom } from "@heddle/base/fakes";
import { systemRandom } from "@heddle/base/system";
import { nodeWebSocket } from "@heddle/client";
import type { Transport } from "@heddle/client/core";
import type { WirePos } from "@heddle/protocol";
import { act, isForbidden, presenceChannel, SimClient } from "@heddle/testkit/simulation";
import { FileRecorder, machineClock, replaceFile } from "./history-file.ts";
import { belong, configuration, tell, type ClientConfig, type ClientCounts, type Order } from "./programs.ts";

/** By client, then by channel. */
type Positions = Readonly<Record<string, Readonly<Record<string, WirePos>>>>;

belong();
const config = await configuration<ClientConfig>();
const { folder, name, run } = config;
const recorder = new FileRecorder(folder, `${name}.${run}`);
const random = new SeededRandom(config.seed);
const clock = machineClock();
const positionsFile = join(folder, `${name}.positions`);
const actEveryMs = { least: 10, most: 250 };
const saveEveryMs = 100;
let isWorking = true;

const clients = Array.from({ length: config.clientCount }, (_, index) => startClient(`${name}-${index}`));
resume(run === 1 ? {} : (JSON.parse(readFileSync(positionsFile, "utf8")) as Positions));
for (const client of clients) actLater(client, random.fork());
let largestOutbox = 0;
setInterval(save, saveEveryMs);
save();
const orders: Record<Order["do"], () => void> = {
  calm: () => void (isWorking = false),
  tell: () =>
    tell({
      is: "told",
      isOnline: clients.every(({ core }) => core.state.name === "online"),
      openCount: recorder.openCount,
      stands: clients.flatMap((client) => [...client.handled()].map(([ch, pos]) => `${ch} ${pos.join()}`)),
    }),
  leave: () => {
    recorder.end(); // those who leave are owed nothing more, and are judged by what they were owed before
    void Promise.all(clients.map((client) => client.close())).then(() => process.exit(0));
  },
};

process.on("message", ({ do: what }: Order) => orders[what]());
tell({ is: "working" });

function startClient(of: string): SimClient {
  const client = new SimClient(of, run, {
    time: { process: () => ({ ...clock, kill: () => {} }) },
    net: {
      transport: (_client, clock) => toAnyServer(clock),
      links: () => [],
    },
    ...{ random: random.fork(), recorder, plan: { hasSlowHandlers: config.isHeavy, tokenMs: config.tokenMs } },
    // Impatient: a run is short, and nobody else has to be protected from the reconnects.
    limits: { backoffMinMs: 50, backoffMaxMs: 2_000, attemptsPerMinuteCount: 600, connectMs: 5_000 },
  });
  client.watch(presenceChannel);
  return client;
}

/** Each connection leads to another server, where there are several. */
function toAnyServer(clock: Clock): Transport {
  const servers = config.ports.map((port) =>
    nodeWebSocket(`ws://127.0.0.1:${port}/realtime`, { clock, random: systemRandom() }),
  );
  const choice = random.fork();
  return { name: "websocket", open: (handlers) => choice.pick(servers).open(handlers) };
}

function resume(positions: Positions): void {
  for (const client of clients) {
    for (const [ch, position] of Object.entries(positions[client.name] ?? {})) {
      if (!isForbidden(ch, "history")) client.follow(ch, { at: { position } }); // without its ticket it proves nothing
    }
  }
}

function actLater(client: SimClient, random: SeededRandom): void {
  setTimeout(
    () => {
      if (!isWorking) return;
      act(client, random, config);
      actLater(client, random);
    },
    random.between(actEveryMs.least, actEveryMs.most),
  );
}

function save(): void {
  const positions = Object.fromEntries(clients.map((client) => [client.name, Object.fromEntries(client.handled())]));
  replaceFile(positionsFile, positions);
  const all = clients.map(({ core }) => core.stats);
  const online = clients.filter(({ core }) => core.state.name === "online").length;
  const sum = (what: "chainBreaks" | "parks" | "connects" | "resumes"): number =>
    all.reduce((total, stats) => total + stats[what], 0);
  const counts: ClientCounts = {
    online,
    ...{ chainBreaks: sum("chainBreaks"), parks: sum("parks"), connects: sum("connects"), resumed: sum("resumes") },
  };
  replaceFile(join(folder, `${name}.${run}.counts`), counts);
  for (const [index, { outboxCount }] of all.entries()) {
    if (outboxCount <= largestOutbox) continue;
    largestOutbox = outboxCount;
    recorder.record({ f: "mem", target: clients[index]?.name ?? name, what: "outbox", size: outboxCount });
  }
}
