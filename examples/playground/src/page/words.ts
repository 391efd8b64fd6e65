// What the machine means, in words for people.

import type { ClientState } from "@heddle/client";
import type { Gap } from "@heddle/protocol";

/** A gap's cause as a heading and what follows from it. */
export const gapWords: Record<Gap["why"], { readonly title: string; readonly detail: string }> = {
  epoch: {
    title: "The server lost its log",
    detail: "What you see above is kept on your screen only.",
  },
  fork: {
    title: "The log was rolled back",
    detail: "The last messages above may not exist for others any more.",
  },
  expired: {
    title: "You were away longer than messages are kept",
    detail: "What was said in between has been deleted.",
  },
  overflow: {
    title: "Too much was missed to send it all",
    detail: "The stream goes on from now; older messages can be loaded.",
  },
  unverified: {
    title: "It cannot be proven that nothing was missed",
    detail: "The stream goes on from now.",
  },
};

export const stateWords: Record<ClientState["name"], string> = {
  idle: "Idle",
  connecting: "Connecting",
  online: "Online",
  waiting: "Waiting",
  closed: "Closed",
};

/** Why the connection ended, as the close code and the other side have it. */
export function lossWords(code: number, why: string): string {
  if (code === 1006 && why.startsWith("closed:")) return "The connection broke off.";
  return why === "" ? "" : `${why[0]?.toUpperCase()}${why.slice(1)}.`;
}

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

/**
 * A number in a fixed width: what is missing is filled with blanks as wide as a digit, so that a growing number moves
 * nothing.
 */
export const inWidth = (text: string, width: number): string => text.padStart(width, "\u2007");

/** "4.2 s", "3 min". */
export function durationWords(ms: number): string {
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)} s`;
  return ms < 120_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`;
}

const clockFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
export const clockWords = (atMs: number): string => clockFormat.format(atMs);
