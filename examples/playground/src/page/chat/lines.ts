// What stands in a room's timeline, and how it is made from what the client delivers.

import type { Meta } from "@heddle/client";
import type { Gap } from "@heddle/protocol";
import { gapWords, plural } from "../words.ts";

/**
 * Where one's own message is. `queued`: no connection · `sending`: on its way, or waiting for the answer · `stored`: the log
 * has it · `seen`: it came back through the stream, as everybody gets it · `failed`: it is not in the log, or nobody can say.
 */
export type DeliveryState = "queued" | "sending" | "stored" | "seen" | "failed";

export interface Line {
  readonly kind: "line";
  readonly key: string;
  readonly from: string;
  readonly name: string;
  readonly text: string;
  readonly atMs: number;
  readonly isBot: boolean;
  readonly isMine: boolean;
  readonly position: Meta["position"];
  /** Of messages this page wrote. */
  readonly delivery?: DeliveryState;
  readonly ref?: string;
  readonly failure?: string;
}

export interface Divider {
  readonly kind: "gap";
  readonly key: string;
  readonly why: Gap["why"];
  readonly title: string;
  readonly detail: string;
}

export type Item = Line | Divider;

/** A message as the server stores it. */
export interface Said {
  readonly text: string;
  readonly ref: string;
  readonly from: string;
  readonly name: string;
  readonly isBot: boolean;
  readonly at: number;
}

/** The messages of a page of history. Nothing else of a room is stored. */
export const saidIn = (entries: readonly { readonly payload: unknown; readonly meta: Meta }[]) =>
  entries.filter(({ meta }) => meta.event === "message").map(({ payload, meta }) => ({ said: payload as Said, meta }));

export function lineOf(said: Said, { position }: Pick<Meta, "position">, user: string): Line {
  return {
    kind: "line",
    key: position === undefined ? `v-${said.from}-${said.at}` : `p-${position[0]}-${position[1]}`,
    from: said.from,
    name: said.name,
    text: said.text,
    atMs: said.at,
    isBot: said.isBot,
    isMine: said.from === user,
    position,
  };
}

/** @param foundCount  messages of the new log from before the return · @param pendingCount  own ones that had no answer */
export function dividerOf(gap: Gap, key: string, foundCount: number, pendingCount: number): Divider {
  const { title, detail } = gapWords[gap.why];
  const sentences = [detail];
  if (gap.why === "epoch") {
    sentences.push(
      foundCount === 0
        ? "The new log was empty when you came back."
        : `${plural(foundCount, "message")} of the new log came before you were back and ${foundCount === 1 ? "follows" : "follow"} here.`,
    );
  }
  if (pendingCount > 0) {
    sentences.push(
      `${plural(pendingCount, "message")} you sent meanwhile ${pendingCount === 1 ? "goes" : "go"} into the log as it is now.`,
    );
  }
  return { kind: "gap", key, why: gap.why, title, detail: sentences.join(" ") };
}
