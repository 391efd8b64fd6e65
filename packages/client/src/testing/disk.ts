// A disk that outlives clients, for tests of what is kept: everything that can be wrong with one can be said.

import { FakeClock, SeededRandom } from "@heddle/base/fakes";
import type { WelcomeFrame } from "@heddle/protocol";
import { openOutbox, type KeptOutbox, type OutboxOptions, type Settled } from "../kept/kept-outbox.ts";
import type { Change, Store, StoreError } from "../kept/store.ts";
import { deferred, Scene, welcome } from "./scripted-server.ts";

export class Disk {
  readonly rows = new Map<string, string>();
  readonly clock = new FakeClock();
  isLocked = false;
  isUnreadable = false;
  corruptCount = 0;
  writeCount = 0;
  /** Which writes fail. */
  failing: (changes: readonly Change[]) => boolean = () => false;
  /** Writes wait for this. */
  hold: Promise<void> | undefined;
  #runCount = 0;

  /** @param isOver  the page or process is gone: what it still does reaches nothing */
  #store(isOver: () => boolean): Store {
    return {
      open: () => {
        if (this.isUnreadable) return Promise.reject(new Error("no disk"));
        return Promise.resolve(this.isLocked ? undefined : { rows: [...this.rows], corruptCount: this.corruptCount });
      },
      write: async (changes) => {
        await this.hold;
        if (isOver()) return;
        this.writeCount++;
        if (this.failing(changes)) throw new Error("disk full");
        for (const [key, text] of changes) {
          if (text === undefined) this.rows.delete(key);
          else this.rows.set(key, text);
        }
      },
      close: () => Promise.resolve(),
    };
  }

  /** A run of the application: a client with what is on the disk. */
  async run(options: Partial<OutboxOptions> = {}): Promise<Run> {
    const warnings: StoreError[] = [];
    const settled: Settled[] = [];
    let isOver = false;
    const outbox = await openOutbox({
      store: this.#store(() => isOver),
      clock: this.clock,
      onWarning: (warning) => void warnings.push(warning),
      ...options,
    });
    outbox.onSettled((each) => void settled.push(each));
    const scene = new Scene({ outbox, random: new SeededRandom(++this.#runCount) }, this.clock);
    const crash = (): void => {
      isOver = true;
      scene.links.at(-1)?.drop();
    };
    return { scene, outbox, warnings, settled, crash };
  }

  /** …that is online. */
  async online(changes: Partial<WelcomeFrame> = {}): Promise<Run> {
    const run = await this.run();
    await run.scene.reaching();
    await this.welcome(run, changes);
    return run;
  }

  /** Answers the `hello` of a run. The server's clock is right, whatever the run's says. */
  welcome({ scene }: Run, changes: Partial<WelcomeFrame> = {}): Promise<void> {
    return scene.says({ ...welcome, now: 1_800_000_000_000 + this.clock.monotonicMs(), ...changes });
  }

  /** What is kept of publishes: number, payload, and whether it counts as sent. */
  get items(): (readonly [n: number, payload: unknown, isSent: boolean])[] {
    return [...this.rows]
      .filter(([key]) => key.startsWith("item/"))
      .map(([, text]) => {
        const { n, tail, until } = JSON.parse(text) as { n: number; tail: string; until?: unknown };
        return [n, (JSON.parse(`{${tail.slice(1)}`) as { d: unknown }).d, until !== undefined];
      });
  }

  /** Writes wait until the result is called. */
  stall(): () => void {
    const { promise, resolve } = deferred();
    this.hold = promise;
    return () => {
      this.hold = undefined;
      resolve();
    };
  }
}

export interface Run {
  readonly scene: Scene;
  readonly outbox: KeptOutbox;
  readonly warnings: StoreError[];
  readonly settled: Settled[];
  /** The page or process is gone. */
  crash(): void;
}
