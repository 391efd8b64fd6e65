// Several hubs over one store, with everything between them under a test's control: links, messages, and who is said to
// be alive.

import { Signal } from "@heddle/base";
import { FakeClock } from "@heddle/base/fakes";
import { memoryEngine, MemoryStore } from "../memory/index.ts";
import type { Bus, Engine, NodeId, Registry } from "../ports/index.ts";
import { openWorld, type World, type WorldOptions } from "./fixture.ts";

export interface ClusterNode extends World {
  readonly engine: ClusterEngine;
}

export class ClusterEngine implements Engine {
  readonly name = "memory";
  readonly bus: Bus;
  readonly registry: Registry;
  readonly #inner: Engine;
  readonly #link = new Signal<{ readonly up: boolean; readonly gen: number }>();
  readonly #changed = new Signal<{ readonly alive: readonly NodeId[]; readonly left: readonly NodeId[] }>();
  readonly #alive: Set<NodeId>;
  #isUp = true;
  #gen = 1;
  /** Messages that are lost on the way from here, by topic. */
  loses: (topic: string) => boolean = () => false;
  /** Topics of what was sent. */
  readonly sent: string[] = [];

  constructor(node: NodeId, nodes: readonly NodeId[], store: MemoryStore) {
    this.#inner = memoryEngine({ store, node });
    this.#alive = new Set(nodes);
    const inner = (): Bus => this.#inner.bus;
    this.bus = {
      publish: (topic, body) => {
        this.sent.push(topic);
        if (this.#isUp && !this.loses(topic)) inner().publish(topic, body);
      },
      subscribe: (topic, receive) =>
        inner().subscribe(topic, (body, from) => {
          if (this.#isUp) receive(body, from);
        }),
      request: (to, body, timeoutMs) => inner().request(to, body, timeoutMs),
      respond: (answer) => inner().respond(answer),
      link: this.#link,
    };
    this.registry = { self: node, alive: () => [...this.#alive], changed: this.#changed };
  }

  get traits(): Engine["traits"] {
    return this.#inner.traits;
  }

  get log(): Engine["log"] {
    return this.#inner.log;
  }

  start(env: Parameters<Engine["start"]>[0]): Promise<void> {
    return this.#inner.start(env);
  }

  stop(): Promise<void> {
    return this.#inner.stop();
  }

  cut(): void {
    this.#isUp = false;
    this.#link.emit({ up: false, gen: this.#gen });
  }

  mend(): void {
    this.#isUp = true;
    this.#link.emit({ up: true, gen: ++this.#gen });
  }

  /** This node is told that another one's lease ended. */
  left(node: NodeId): void {
    this.#alive.delete(node);
    this.#changed.emit({ alive: [...this.#alive], left: [node] });
  }

  /** This node is told that another one is alive. */
  alive(node: NodeId): void {
    this.#alive.add(node);
    this.#changed.emit({ alive: [...this.#alive], left: [] });
  }
}

/** Hubs of these names, on one clock. */
export async function openCluster(
  nodes: readonly NodeId[],
  options: Omit<WorldOptions, "engine" | "clock"> = {},
): Promise<{ readonly clock: FakeClock; readonly nodes: readonly ClusterNode[] }> {
  const store = new MemoryStore();
  const clock = new FakeClock();
  const opened: ClusterNode[] = [];
  for (const [index, node] of nodes.entries()) {
    const engine = new ClusterEngine(node, nodes, store);
    const world = await openWorld({ ...options, engine, clock, seed: index + 1 });
    opened.push({ ...world, engine });
  }
  return { clock, nodes: opened };
}
