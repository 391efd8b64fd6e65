// One write per connection and event-loop turn: remembers who has something pending, and lets them write at its end.

import type { Clock } from "@heddle/base";
import type { FrameCoder } from "../deflate/frame-coder.ts";
import { PendingNode } from "./pending.ts";

/** Someone with frames to write at the end of the turn. */
export interface TurnMember {
  /** Writes what is pending. True when it must wait for the socket, so that the list outlives the turn. */
  flush(): boolean;
  /** Called after all have flushed, on those whose `flush` answered true. */
  settle(): void;
}

/** The connections of one server or dialler. Those that share a writer share joined buffers. */
export class TurnWriter {
  readonly #clock: Clock;
  readonly #run = (): void => this.#flush();
  #root = new PendingNode();
  /** Empty lists of this turn whose frames are coded. */
  #coded: Map<FrameCoder, PendingNode> | undefined;
  #due: TurnMember[] = [];
  #spare: TurnMember[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The empty list of this turn, one for all whose frames have the same bytes: plain, or made by `coder`. */
  rootFor(coder: FrameCoder | undefined): PendingNode {
    if (coder === undefined) return this.#root;
    const known = this.#coded?.get(coder);
    if (known !== undefined) return known;
    const made = new PendingNode(coder);
    (this.#coded ??= new Map()).set(coder, made);
    return made;
  }

  /** Has `member` flushed at the end of this turn. Once per turn is the member's to see to. */
  add(member: TurnMember): void {
    if (this.#due.push(member) === 1) this.#clock.turnEnd(this.#run);
  }

  #flush(): void {
    const due = this.#due;
    this.#due = this.#spare;
    this.#coded = undefined;
    this.#root = new PendingNode(); // lets go of this turn's frames once they are written
    let held: TurnMember[] | undefined;
    let index = 0;
    try {
      while (index < due.length) {
        const member = due[index++] as TurnMember;
        if (member.flush()) (held ??= []).push(member);
      }
    } finally {
      // An owner's handler that throws must not cost the others their turn.
      for (; index < due.length; index++) this.add(due[index] as TurnMember);
      due.length = 0;
      this.#spare = due;
      if (held !== undefined) for (const member of held) member.settle();
    }
  }
}
