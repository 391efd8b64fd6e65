// The server process of a simulated world: a real hub over the simulated store and network. It may crash and come back.

import type { SeededRandom } from "@heddle/base/fakes";
import { Hub, HubError, hubLimits } from "@heddle/hub";
import type { Digest, HubCounters } from "@heddle/hub/ports";
import { losesTails, type Plan } from "./plan.ts";
import type { Recorder } from "./recorder.ts";
import { simAuthenticator, SimApplication } from "./sim-application.ts";
import type { SimDiskStore } from "./sim-disk.ts";
import { calmStore, SimEngine } from "./sim-engine.ts";
import { simLeaseMs, type SimExchange } from "./sim-bus.ts";
import type { SimNet } from "./sim-net.ts";
import { simBulkSender } from "./sim-port.ts";
import type { SimStore } from "./sim-store.ts";
import type { ProcessClock, SimTime } from "./sim-time.ts";

/** Small enough that a run reaches them. */
export const simLimits = {
  ...{ ...hubLimits, windowCost: 65_536, queueBytes: 32_768, ringCount: 40, lingerMs: 3_000 },
  presenceLeaseMs: simLeaseMs,
};

export interface SimServerEnv {
  readonly time: SimTime;
  readonly net: SimNet;
  readonly store: SimStore;
  /** The server's own disk, where it has one instead of the store. */
  readonly disk: SimDiskStore | undefined;
  readonly random: SeededRandom;
  readonly recorder: Recorder;
  readonly plan: Plan;
  readonly digest: Digest;
  readonly exchange: SimExchange;
}

const clusterSecret = Uint8Array.from({ length: 32 }, (_, index) => index + 1);

export class SimServer {
  /** Where it listens, over all its lives. */
  readonly address: string;
  readonly node: string;
  readonly hub: Hub;
  /** Its way to the store; absent where it keeps its log itself. */
  readonly link: SimEngine | undefined;
  readonly #clock: ProcessClock;
  readonly #net: SimNet;
  readonly #weather: { isCalm: boolean };
  #openCount = 0;

  private constructor(
    address: string,
    node: string,
    hub: Hub,
    link: SimEngine | undefined,
    clock: ProcessClock,
    net: SimNet,
    weather: { isCalm: boolean },
  ) {
    this.address = address;
    this.node = node;
    this.hub = hub;
    this.link = link;
    this.#clock = clock;
    this.#net = net;
    this.#weather = weather;
  }

  /** @param node  names this life of it */
  static async start(address: string, node: string, env: SimServerEnv): Promise<SimServer> {
    const { plan, recorder, net } = env;
    const clock = env.time.process();
    const random = env.random.fork();
    const weather = { isCalm: false };
    const linkRandom = random.fork();
    const toStore = (): SimEngine =>
      new SimEngine({
        ...{ node, address, exchange: env.exchange },
        store: env.store,
        world: env.time.world,
        process: clock,
        random: linkRandom,
        weather: () => (weather.isCalm ? calmStore : plan.weather),
        canForget: losesTails(plan),
        counted: (fault) => recorder.counted(fault),
      });
    const link = env.disk === undefined ? toStore() : undefined;
    const engine = link ?? (env.disk as SimDiskStore).engineOf(node, clock);
    const application = new SimApplication({
      clock,
      random: random.fork(),
      hasSlowHooks: plan.hasSlowHooks,
      hasNotices: plan.hasNotices,
      flushes: plan.flushes,
      executed: (key) => recorder.record({ f: "executed", node, key }),
    });
    const hub = await Hub.open({
      ...{
        engine,
        application,
        clock,
        random,
        clusterSecret,
        digest: env.digest,
        limits: { ...simLimits, auditMs: plan.auditMs },
      },
      authenticator: simAuthenticator(clock),
      bulkSender: simBulkSender,
    });
    const server = new SimServer(address, node, hub, link, clock, net, weather);
    net.listen(address, {
      clock,
      queueLowBytes: simLimits.queueBytes / 4,
      accept: (port) => hub.accept(port, { address: "simulated", transport: "websocket" }),
    });
    return server;
  }

  get counters(): Readonly<HubCounters> {
    return this.hub.counters;
  }

  /** What was begun here and has not ended; nothing may stay so. */
  get openCount(): number {
    return this.#openCount;
  }

  /** Counts work of the operator's until it ends, however it does. */
  counted(work: Promise<unknown>): void {
    this.#openCount++;
    const ended = (): void => void this.#openCount--;
    work.then(ended, (error: unknown) => {
      ended();
      if (!(error instanceof HubError)) throw error;
    });
  }

  /** From now on the store behaves. */
  calm(): void {
    this.#weather.isCalm = true;
    this.link?.mend();
    this.link?.bus.mend();
  }

  /** Gone, with everything it had in memory; nobody is told but by their broken connections. */
  crash(how: "process" | "machine"): void {
    this.#clock.kill();
    this.link?.abandon();
    this.#net.listen(this.address, undefined);
    for (const link of this.#net.links()) if (link.address === this.address) link.loseServer(how);
  }
}
