// A simulated world from one seed: store, network, servers, some clients, and what happens to them.

import { SeededRandom } from "@heddle/base/fakes";
import type { Digest, HubCounters } from "@heddle/hub/ports";
import { Nemesis } from "./nemesis.ts";
import { planOf, simplified, type Plan, type PlanPart } from "./plan.ts";
import { Recorder } from "./recorder.ts";
import { channelNames, isForbidden, ownStateChannel, type SimPayload } from "./sim-application.ts";
import { SimClient } from "./sim-client.ts";
import { SimExchange } from "./sim-bus.ts";
import { SimDiskStore, type NewDisk } from "./sim-disk.ts";
import { SimNet } from "./sim-net.ts";
import { SimOperator } from "./sim-operator.ts";
import { SimServer } from "./sim-server.ts";
import { SimStore, type Content, type StoreEvents } from "./sim-store.ts";
import { SimTime } from "./sim-time.ts";
import { act, presenceChannel } from "./workload.ts";

const actEveryMs = { least: 10, most: 250 };
const strikeEveryMs = { least: 200, most: 2_500 };
const operateEveryMs = { least: 300, most: 2_000 };
const sampleEveryMs = 100;
/** After this long everything has been told, read, or given up. Dead peers are found by two pings and their grace. */
const settleMs = 120_000;
/** And this much more, so often at most, while publishes are unanswered. */
const backlogMs = 30_000;
const backlogSteps = 4;
/** After everybody has gone: members' grace, channels' linger. */
const emptyMs = 30_000;

/** What is left out of a seed's world, to see whether it still fails. */
export interface Without {
  /** Indices of strikes. */
  readonly strikes: readonly number[];
  readonly parts: readonly PlanPart[];
}

/** What the simulation is handed, because it knows no platform and no engine's package. */
export interface WorldParts {
  readonly digest: Digest;
  readonly newDisk: NewDisk;
}

export class World {
  readonly plan: Plan;
  readonly time = new SimTime();
  readonly recorder: Recorder;
  readonly net: SimNet;
  readonly store: SimStore;
  /** Instead of the store, where the one server keeps its log itself. */
  readonly disk: SimDiskStore | undefined;
  readonly clients = new Map<string, SimClient>();
  /** Counters of every server there was. */
  readonly counters: Readonly<HubCounters>[] = [];
  readonly servers = new Map<string, SimServer>();
  readonly exchange = new SimExchange();
  readonly operator: SimOperator;
  /** Connections that led to another server than the client's one before. */
  moveCount = 0;
  readonly #random: SeededRandom;
  readonly #operatorRandom: SeededRandom;
  readonly #twinSeed: number;
  readonly #digest: Digest;
  readonly nemesis: Nemesis;
  readonly #largestQueue = new Map<string, number>();
  #runs = 0;
  #isWorking = true;

  constructor(seed: number, { digest, newDisk }: WorldParts, without: Without) {
    this.#random = new SeededRandom(seed);
    this.#twinSeed = seed;
    this.#digest = digest;
    this.plan = simplified(planOf(this.#random.fork()), without.parts);
    this.recorder = new Recorder(this.time.world);
    this.net = new SimNet(this.time.world, this.#random.fork());
    const { recorder } = this;
    const events: StoreEvents = {
      stored: (ch, pos, prevOffset, floor, content) =>
        recorder.record({ f: "stored", ch, pos, prevOffset, floor, ...seenOf(content) }),
      lost: (ch, pos, { id, data }) => recorder.record({ f: "lost", ch, pos, id, hash: payloadOf(data).h }),
      truncated: (ch, to) => recorder.forget(ch, to),
    };
    this.store = new SimStore(this.time.world, this.#random.fork(), events, this.plan.store);
    const { sync } = this.plan;
    this.disk = sync === undefined ? undefined : new SimDiskStore(newDisk(sync), this.#random.fork(), events);
    this.nemesis = new Nemesis(this, this.#random.fork(), new Set(without.strikes));
    // Chance of its own: what servers do does not change what clients do.
    this.#operatorRandom = new SeededRandom(seed + 1);
    this.operator = new SimOperator(this, this.#operatorRandom.fork());
    this.#countMoves();
  }

  /** From the first connection to the last: work under faults, heal, settle, read everything, leave. */
  async live(): Promise<void> {
    await this.store.open();
    for (let index = 1; index <= this.plan.nodeCount; index++) {
      const started = this.#startServer(`n${index}`);
      await (this.disk === undefined ? started : this.meanwhile(started)); // a disk takes its time
    }
    for (let index = 1; index <= this.plan.clientCount; index++) this.#startClient(`c${index}`);
    if (this.plan.readsOwnState)
      for (const client of this.clients.values()) client.follow(ownStateChannel, { at: "snap" });
    for (const name of this.clients.keys()) this.#actLater(name, this.#random.fork());
    if (this.plan.faults.length > 0) this.#strikeLater(this.#random.fork());
    this.#operateLater(this.#operatorRandom);
    this.#sampleLater();
    await this.#until(this.plan.workMs);
    this.#isWorking = false;
    this.nemesis.heal();
    this.recorder.record({ f: "healed" });
    await this.#until(this.time.nowMs + settleMs);
    // A long queue over a slow store, and then the minute that an echo may take, can be more than that.
    for (let more = 0; more < backlogSteps && this.#hasBacklog(); more++)
      await this.#until(this.time.nowMs + backlogMs);
  }

  /** Whether a client that lives waits for an answer to a publish. */
  #hasBacklog(): boolean {
    const { history } = this.recorder;
    const settled = new Set(
      history.flatMap((event) =>
        event.f === "pub-ok" || event.f === "pub-fail" || event.f === "pub-unknown" ? [event.op] : [],
      ),
    );
    const living = new Set([...this.clients.values()].map(({ proc }) => proc));
    return history.some((event) => event.f === "pub" && living.has(event.proc) && !settled.has(event.op));
  }

  /** Everybody leaves; what is then left on the server is written down. */
  async leave(): Promise<void> {
    for (const client of this.clients.values()) void client.close();
    await this.#until(this.time.nowMs + emptyMs);
    for (const server of this.servers.values()) {
      const left = {
        connections: server.hub.connectionCount,
        channels: server.hub.channelCount,
        attachments: server.link?.attachmentCount ?? 0,
        operations: server.openCount,
      };
      this.recorder.record({ f: "resource", target: server.node, left });
    }
    this.recorder.record({ f: "resource", target: "network", left: { links: this.net.links().length } });
  }

  restartServer(address: string, afterMs: number, how: "process" | "machine"): void {
    this.servers.get(address)?.crash(how);
    this.servers.delete(address);
    if (this.disk !== undefined && this.disk.end(how) > 0) this.recorder.fault("power-loss", address);
    this.time.world.after(afterMs, () => void this.#startServer(address));
  }

  restartClient(name: string, how: "process" | "machine" | "closed"): void {
    const old = this.clients.get(name);
    if (old === undefined) return;
    const positions = old.handled();
    if (how === "closed") void old.close();
    else old.crash(how);
    const client = this.#startClient(name);
    // A careful application kept where it stood; it follows again from there.
    for (const [ch, position] of positions) {
      if (isForbidden(ch, "history")) continue; // a position without its ticket proves nothing
      if (client.isFollowing(ch)) client.unfollow(ch);
      client.follow(ch, { at: { position } });
    }
  }

  async #startServer(address: string): Promise<void> {
    const { time, net, store, disk, recorder, plan, exchange } = this;
    const env = { time, net, store, disk, recorder, plan, exchange, random: this.#random.fork(), digest: this.#digest };
    const server = await SimServer.start(address, `${address}.${++this.#runs}`, env);
    this.servers.set(address, server);
    this.counters.push(server.counters);
    if (!this.#isWorking) server.calm();
  }

  #countMoves(): void {
    const last = new Map<string, string>();
    this.net.opened.on(({ client, address }) => {
      if ((last.get(client) ?? address) !== address) this.moveCount++;
      last.set(client, address);
    });
  }

  #startClient(name: string): SimClient {
    const { time, net, recorder, plan } = this;
    const random = this.#random.fork();
    // Each client's first run alone: a process that starts again draws other numbers.
    const isTwin = plan.hasTwins && !this.clients.has(name);
    const twin = isTwin ? { ownRandom: new SeededRandom(this.#twinSeed) } : {};
    const client = new SimClient(name, ++this.#runs, { time, net, recorder, plan, random, ...twin });
    this.clients.set(name, client);
    client.watch(presenceChannel);
    return client;
  }

  #actLater(name: string, random: SeededRandom): void {
    this.time.world.after(random.between(actEveryMs.least, actEveryMs.most), () => {
      if (!this.#isWorking) return;
      const client = this.clients.get(name);
      if (client?.isGone === true) this.#startClient(name);
      else if (client?.isClosed === false) act(client, random, this.plan);
      this.#actLater(name, random);
    });
  }

  #strikeLater(random: SeededRandom): void {
    this.time.world.after(random.between(strikeEveryMs.least, strikeEveryMs.most), () => {
      if (!this.#isWorking) return;
      this.nemesis.strike(random.pick(this.plan.faults));
      this.#strikeLater(random);
    });
  }

  #operateLater(random: SeededRandom): void {
    this.time.world.after(random.between(operateEveryMs.least, operateEveryMs.most), () => {
      if (!this.#isWorking) return;
      this.operator.act();
      this.#operateLater(random);
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

  /** Lets time pass until `task` is done: reading from a disk takes its turns. */
  async meanwhile<T>(task: Promise<T>): Promise<T> {
    let isOver = false;
    const done = task.finally(() => (isOver = true));
    await this.time.run(() => isOver);
    if (!isOver) throw new Error("nothing is left that could happen, and a task is not done");
    return done;
  }

  #until(ms: number): Promise<void> {
    let isOver = false;
    this.time.world.after(ms - this.time.nowMs, () => (isOver = true));
    return this.time.run(() => isOver);
  }
}

const payloadOf = (data: Uint8Array): SimPayload => JSON.parse(new TextDecoder().decode(data)) as SimPayload;

function seenOf({ id, data }: Content): { id: string; hash: string; key?: string } {
  const { h: hash, k: key } = payloadOf(data);
  return { id, hash, ...(key === undefined ? {} : { key }) };
}

/** Every channel as one reader finds it now. */
export async function readAll(world: World): Promise<Map<string, Awaited<ReturnType<SimStore["read"]>>>> {
  const logs = new Map<string, Awaited<ReturnType<SimStore["read"]>>>();
  for (const ch of channelNames) logs.set(ch, await (world.disk?.read(ch) ?? world.store.readAll(ch)));
  return logs;
}
