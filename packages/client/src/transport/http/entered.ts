// What a client has said of its presence, by a link that has to say it again with every request.

import type { ClientFrame } from "@heddle/protocol";

type Saying = Extract<ClientFrame, { t: "presence" }>;

/** Numbers of requests that are ours, beyond those of subscriptions. */
const numberMin = 3 * 2 ** 30;

export interface Entered {
  /** Takes a word of the client; false when it is none that has to be said again. */
  say(frame: Saying, text: string): boolean;
  /** A request was answered. The client asked once: from then on the answer is ours. */
  answered(r: number, isIn: boolean): void;
  /** What the next request has to say: leaves first, and those until they are answered: a request may be left before. */
  frames(): string[];
  /** What ends it all. */
  leaves(): string[];
}

export function newEntered(): Entered {
  const byChannel = new Map<string, Saying>();
  const leaving = new Map<number, string>();
  let number = numberMin;

  return {
    say(frame, text) {
      if (frame.op === "list") return false;
      if (frame.op === "enter") byChannel.set(frame.ch, frame);
      else {
        byChannel.delete(frame.ch);
        leaving.set(frame.r, text);
      }
      return true;
    },
    answered(r, isIn) {
      leaving.delete(r);
      for (const [ch, frame] of byChannel) {
        if (frame.r !== r) continue;
        if (isIn) byChannel.set(ch, { ...frame, r: number++ });
        else byChannel.delete(ch);
      }
    },
    frames: () => [...leaving.values(), ...[...byChannel.values()].map((frame) => JSON.stringify(frame))],
    leaves: () => [...byChannel.keys()].map((ch) => JSON.stringify({ t: "presence", r: number++, ch, op: "leave" })),
  };
}
