// What the harness and its programs tell each other: a configuration at the start, then short messages.

import type { EngineName, Store } from "./engines.ts";

export interface ServerConfig {
  readonly folder: string;
  /** Name of this run of the process, unique in the history. */
  readonly name: string;
  /** 0 at the first start: any. */
  readonly port: number;
  readonly engine: EngineName;
  readonly store: Store;
  readonly seed: number;
}

export interface ClientConfig {
  readonly folder: string;
  /** Of the process; its clients are `name-0`, `name-1`, … */
  readonly name: string;
  /** How often this process has been started. */
  readonly run: number;
  /** Of its proxies, one to each server; every connection takes any of them. */
  readonly ports: readonly number[];
  readonly clientCount: number;
  readonly isHeavy: boolean;
  readonly tokenMs: number;
  readonly seed: number;
}

/** What a process of clients says of itself in a file again and again, whether it is asked or not. */
export interface ClientCounts {
  /** How many of its clients are online now. */
  readonly online: number;
  readonly chainBreaks: number;
  readonly parks: number;
  readonly connects: number;
  readonly resumed: number;
}

/** From the harness. `calm`: do nothing more of your own. */
export type Order = { readonly do: "calm" | "tell" | "leave" };

export interface ClientTold {
  readonly is: "told";
  readonly isOnline: boolean;
  /** Questions without an answer. */
  readonly openCount: number;
  /** Where each of its clients stands on each channel it follows, as `channel position` lines. */
  readonly stands: readonly string[];
}

export type Told =
  | { readonly is: "listening"; readonly port: number }
  | { readonly is: "working" }
  | { readonly is: "left"; readonly left: Readonly<Record<string, number>> }
  /** What a user's connections answered, and the nodes that did not say. */
  | {
      readonly is: "asked";
      readonly answers: readonly string[];
      readonly missing: readonly string[];
      readonly tookMs: number;
    }
  | ClientTold;

/** Names of the instances of one run of a client process, as the history knows them. */
export const procsOf = ({ name, run, clientCount }: Pick<ClientConfig, "name" | "run" | "clientCount">) =>
  Array.from({ length: clientCount }, (_, index) => ({
    proc: `${name}-${index}.${run}`,
    user: `user-${name}-${index}`,
  }));

/** The first message: a program is loaded before anybody knows what for. */
export const configuration = <T>(): Promise<T> => new Promise((resolve) => process.once("message", resolve));
export const tell = (told: Told): void => void process.send?.(told);

/** A program ends with its harness, and leaves Ctrl-C to it. */
export function belong(): void {
  process.on("disconnect", () => process.exit(1));
  process.on("SIGINT", () => {});
}
