// What servers do of themselves: ask users, tell everybody, end connections, take tokens back; from whichever node.

import type { SeededRandom } from "@heddle/base/fakes";
import { hubLimits } from "@heddle/hub";
import type { Plan } from "./plan.ts";
import type { Recorder } from "./recorder.ts";
import { askName, noticeName } from "./sim-application.ts";
import type { SimClient } from "./sim-client.ts";
import type { SimNet } from "./sim-net.ts";
import type { SimServer } from "./sim-server.ts";

/** What the operator works with. */
export interface Operated {
  readonly recorder: Recorder;
  readonly plan: Pick<Plan, "endsSessions" | "hasNotices">;
  readonly servers: ReadonlyMap<string, SimServer>;
  readonly clients: ReadonlyMap<string, SimClient>;
  readonly time: { readonly nowMs: number };
  readonly net: Pick<SimNet, "cut">;
}

const askMs = 1_500;
/** As the hub has it: tokens issued a little later than a revocation count as old. Milliseconds. */
const toleranceMs = 5_000;

export class SimOperator {
  readonly #world: Operated;
  readonly #random: SeededRandom;
  readonly #revoked = new Set<string>();
  readonly counts = { asks: 0, answers: 0, missing: 0, disconnects: 0, revocations: 0, broadcasts: 0 };

  constructor(world: Operated, random: SeededRandom) {
    this.#world = world;
    this.#random = random;
  }

  /** One random act. It ends by itself, or with its server. */
  act(): void {
    const { servers, clients, plan } = this.#world;
    if (servers.size === 0) return;
    const server = this.#random.pick([...servers.values()]);
    const { user } = this.#random.pick([...clients.values()]);
    const dice = this.#random.float();
    if (dice < 0.55 || (!plan.endsSessions && !plan.hasNotices)) return this.#ask(server, user);
    if (dice < 0.7 && plan.hasNotices) return this.#broadcast(server);
    if (dice < 0.85 && plan.endsSessions) return this.#disconnect(server, user);
    // A second revocation before the first one's fresh token would be final for the client.
    if (plan.endsSessions && !this.#revoked.has(user)) this.#revoke(server, user);
  }

  #ask(server: SimServer, user: string): void {
    const { recorder, time } = this.#world;
    const startMs = time.nowMs;
    this.counts.asks++;
    server.counted(
      server.hub.askUser(user, { op: askName, json: "1", timeoutMs: askMs }).then(({ answers, missing }) => {
        const told = answers.flatMap((result) => (result.is === "answer" ? [String(result.value)] : []));
        this.counts.answers += told.length;
        this.counts.missing += missing.length;
        recorder.record({
          f: "asked",
          ...{ node: server.node, user, tookMs: time.nowMs - startMs },
          mostMs: askMs + hubLimits.nodeAnswerMs + 1,
          answers: told,
          failureCount: answers.length - told.length,
          missing,
        });
      }),
    );
  }

  #broadcast(server: SimServer): void {
    this.counts.broadcasts++;
    server.counted(server.hub.broadcast({ event: noticeName, json: "1" }));
  }

  #disconnect(server: SimServer, user: string): void {
    this.counts.disconnects++;
    this.#world.recorder.fault("shown-out", user);
    server.counted(server.hub.disconnectUser(user, "draining", "shown out"));
  }

  #revoke(server: SimServer, user: string): void {
    const { recorder, time, clients, net } = this.#world;
    this.#revoked.add(user);
    this.counts.revocations++;
    const untilMs = time.nowMs + toleranceMs;
    // Who is away just now comes back with the token it had.
    for (const client of clients.values()) {
      if (client.user !== user || this.#random.chance(0.5)) continue;
      recorder.fault("cut", client.name);
      net.cut(client.name, this.#random.between(300, 1_500));
    }
    recorder.fault("revoked", user);
    server.counted(server.hub.revoke({ user }).then(() => recorder.record({ f: "revoked", user, untilMs })));
  }
}
