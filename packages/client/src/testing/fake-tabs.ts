// Tabs of one origin, in memory: who holds which name, and rooms. Everything comes at the end of a turn, as clones.

import type { FakeClock } from "@heddle/base/fakes";
import type { TabPorts } from "../tabs/tab-ports.ts";

interface Waiting {
  readonly tab: string;
  readonly elected: () => void;
}
interface Place {
  readonly tab: string;
  readonly heard: (message: unknown) => void;
}

export class FakeTabs {
  readonly #clock: FakeClock;
  /** By name; the first holds it. */
  readonly #queues = new Map<string, Waiting[]>();
  readonly #rooms = new Map<string, Set<Place>>();
  readonly #dead = new Set<string>();

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  /** What one tab sees of it. */
  portsOf(tab: string): TabPorts {
    return {
      elect: (name, elected) => {
        const queue = this.#queues.get(name) ?? [];
        this.#queues.set(name, queue);
        const it = { tab, elected };
        if (queue.push(it) === 1) this.#grant(queue);
        return () => this.#drop(queue, (waiting) => waiting === it);
      },
      join: (name, heard) => {
        const room = this.#rooms.get(name) ?? new Set();
        this.#rooms.set(name, room);
        const place = { tab, heard };
        room.add(place);
        return {
          post: (message) => {
            const clone: unknown = structuredClone(message);
            for (const other of room)
              if (other !== place && !this.#dead.has(tab))
                this.#clock.turnEnd(() => !this.#dead.has(other.tab) && other.heard(clone));
          },
          leave: () => void room.delete(place),
        };
      },
    };
  }

  /** The tab is gone at once, and tells nobody. */
  kill(tab: string): void {
    this.#dead.add(tab);
    for (const queue of this.#queues.values()) this.#drop(queue, (waiting) => waiting.tab === tab);
  }

  #drop(queue: Waiting[], isGone: (waiting: Waiting) => boolean): void {
    const [holder] = queue;
    queue.splice(0, Infinity, ...queue.filter((waiting) => !isGone(waiting)));
    if (queue[0] !== holder) this.#grant(queue);
  }

  #grant(queue: Waiting[]): void {
    const [first] = queue;
    if (first) this.#clock.turnEnd(() => queue[0] === first && first.elected());
  }
}
