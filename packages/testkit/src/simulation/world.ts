// A simulated world from one seed: store, network, one server, some clients, and what happens to them.

import { SeededRandom } from "@heddle/base/fakes";
import type { Digest, HubCounters } from "@heddle/hub/ports";
import { Nemesis } from "./nemesis.ts";
import { planOf, type Plan } from "./plan.ts";
import { Recorder } from "./recorder.ts";
import { channelNames, isForbidden } from "./sim-application.ts";
import { SimClient } from "./sim-client.ts";
import { SimNet } from "./sim-net.ts";
import { SimServer } from "./sim-server.ts";
import { SimStore } from "./sim-store.ts";
import { SimTime } from "./sim-time.ts";
import { act, presenceChannel } from "./workload.ts";

const actEveryMs = { least: 10, most: 250 };
const strikeEveryMs = { least: 200, most: 2_500 };
const sampleEveryMs = 100;
/** After this long everything has been told, read, or given up. Dead peers are found by two pings and their grace. */
const settleMs = 120_000;
/** After everybody has gone: members' grace, channels' linger. */
const emptyMs = 30_000;

export class World {
  readonly plan: Plan;
  readonly time = new SimTime();
  readonly recorder: Recorder;
  readonly net: SimNet;
  readonly store: SimStore;
  readonly clients = new Map<string, SimClient>();
  /** Counters of every server there was. */
  readonly counters: Readonly<HubCounters>[] = [];
  server: SimServer | undefined;
  readonly #random: SeededRandom;
  readonly #digest: Digest;
  readonly #nemesis: Nemesis;
  readonly #largestQueue = new Map<string, number>();
  #runs = 0;
  #isWorking = true;

  constructor(seed: number, digest: Digest) {
    this.#random = new SeededRandom(seed);
    this.#digest = digest;
    this.plan = planOf(this.#random.fork());
    this.recorder = new Recorder(this.time.world);
    this.net = new SimNet(this.time.world, this.#random.fork());
    const { recorder } = this;
    this.store = new SimStore(this.time.world, this.#random.fork(), {
      stored: (ch, pos, prevOffset, floor, { id, data }) => {
        const { h } = JSON.parse(new TextDecoder().decode(data)) as { h: string };
        recorder.record({ f: "stored", ch, pos, prevOffset, floor, id, hash: h });
      },
      truncated: (ch, to) => recorder.forget(ch, to),
    });
    this.#nemesis = new Nemesis(this, this.#random.fork());
  }

  /** From the first connection to the last: work under faults, heal, settle, read everything, leave. */
  async live(): Promise<void> {
    await this.store.open();
    await this.#startServer();
    for (let index = 1; index <= this.plan.clientCount; index++) this.#startClient(`c${index}`);
    for (const name of this.clients.keys()) this.#actLater(name, this.#random.fork());
    if (this.plan.faults.length > 0) this.#strikeLater(this.#random.fork());
    this.#sampleLater();
    await this.#until(this.plan.workMs);
    this.#isWorking = false;
    this.#nemesis.heal();
    this.recorder.record({ f: "healed" });
    await this.#until(this.time.nowMs + settleMs);
  }

  /** Everybody leaves; what is then left on the server is written down. */
  async leave(): Promise<void> {
    for (const client of this.clients.values()) void client.close();
    await this.#until(this.time.nowMs + emptyMs);
    const { server } = this;
    if (server === undefined) throw new Error("no server at the end");
    const left = {
      connections: server.hub.connectionCount,
      channels: server.hub.channelCount,
      attachments: server.engine.attachmentCount,
      links: this.net.links().length,
    };
    this.recorder.record({ f: "resource", target: server.node, left });
  }

  restartServer(afterMs: number, how: "process" | "machine"): void {
    this.server?.crash(how);
    this.server = undefined;
    this.time.world.after(afterMs, () => void this.#startServer());
  }

  restartClient(name: string, how: "process" | "machine"): void {
    const old = this.clients.get(name);
    if (old === undefined) return;
    const positions = old.handled();
    old.crash(how);
    const client = this.#startClient(name);
    // A careful application kept where it stood; it follows again from there.
    for (const [ch, position] of positions) {
      if (isForbidden(ch, "history")) continue; // a position without its ticket proves nothing
      if (client.isFollowing(ch)) client.unfollow(ch);
      client.follow(ch, { at: { position } });
    }
  }

  async #startServer(): Promise<void> {
    const { time, net, store, recorder, plan } = this;
    const node = `n${++this.#runs}`;
    this.server = await SimServer.start(node, {
      time,
      net,
      store,
      recorder,
      plan,
      random: this.#random.fork(),
      digest: this.#digest,
    });
    this.counters.push(this.server.counters);
    if (!this.#isWorking) this.server.calm();
  }

  #startClient(name: string): SimClient {
    const { time, net, recorder, plan } = this;
    const client = new SimClient(name, ++this.#runs, { time, net, recorder, plan, random: this.#random.fork() });
    this.clients.set(name, client);
    client.watch(presenceChannel);
    return client;
  }

  #actLater(name: string, random: SeededRandom): void {
    this.time.world.after(random.between(actEveryMs.least, actEveryMs.most), () => {
      if (!this.#isWorking) return;
      const client = this.clients.get(name);
      if (client !== undefined) act(client, random, this.plan);
      this.#actLater(name, random);
    });
  }

  #strikeLater(random: SeededRandom): void {
    this.time.world.after(random.between(strikeEveryMs.least, strikeEveryMs.most), () => {
      if (!this.#isWorking) return;
      this.#nemesis.strike(random.pick(this.plan.faults));
      this.#strikeLater(random);
    });
  }

  /** Writes down every new largest queue and outbox. */
  #sampleLater(): void {
    this.time.world.after(sampleEveryMs, () => {
      for (const link of this.net.links()) this.#sample(link.client, "queue", link.port?.queuedBytes ?? 0);
      for (const client of this.clients.values()) this.#sample(client.name, "outbox", client.core.stats.outboxCount);
      if (this.#isWorking) this.#sampleLater();
    });
  }

  #sample(target: string, what: "queue" | "outbox", size: number): void {
    const key = `${what} ${target}`;
    if (size <= (this.#largestQueue.get(key) ?? 0)) return;
    this.#largestQueue.set(key, size);
    this.recorder.record({ f: "mem", target, what, size });
  }

  #until(ms: number): Promise<void> {
    let isOver = false;
    this.time.world.after(ms - this.time.nowMs, () => (isOver = true));
    return this.time.run(() => isOver);
  }
}

/** Every channel as one reader finds it now. */
export async function readAll(world: World): Promise<Map<string, Awaited<ReturnType<SimStore["read"]>>>> {
  const logs = new Map<string, Awaited<ReturnType<SimStore["read"]>>>();
  for (const ch of channelNames)
    logs.set(ch, await world.store.read(ch, { last: 100_000, limit: 100_000, bytes: 1e9 }));
  return logs;
}
