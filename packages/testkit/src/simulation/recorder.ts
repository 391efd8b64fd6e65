// Writes the history of one run, and counts what it is asked to count.

import type { Clock } from "@heddle/base";
import type { Pos } from "@heddle/protocol";
import type { HistoryEvent, Unstamped } from "../checker/index.ts";

export class Recorder {
  readonly history: HistoryEvent[] = [];
  readonly faults = new Map<string, number>();
  readonly #clock: Clock;
  #ops = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  record(event: Unstamped): void {
    this.history.push({ ts: this.#clock.monotonicMs(), ...event } as HistoryEvent);
  }

  /** A fault the checker must know of. */
  fault(kind: string, target: string): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
    this.record({ f: "fault", kind, target });
  }

  /** A misbehaviour so common that it is only counted; the first of its kind is written down. */
  counted(kind: string): void {
    const count = this.faults.get(kind) ?? 0;
    this.faults.set(kind, count + 1);
    if (count === 0) this.record({ f: "fault", kind, target: "" });
  }

  /** A failover lost what stood behind `to`: it is not part of what was stored. Who saw it saw a phantom. */
  forget(ch: string, to: Pos): void {
    this.history.forEach((event, index) => {
      if (event.f !== "stored" || event.ch !== ch || event.pos.epoch !== to.epoch || event.pos.offset <= to.offset)
        return;
      const { ts, pos, id, hash } = event;
      this.history[index] = { ts, f: "lost", ch, pos, id, hash };
    });
  }

  /** A name nothing else in this run has. */
  op(prefix: string): string {
    return `${prefix}${++this.#ops}`;
  }
}
