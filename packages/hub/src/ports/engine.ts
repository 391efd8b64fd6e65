// What the hub asks of a store: a log per channel, a bus, a registry, and an honest statement of what they guarantee.

import type { Clock, Observable, Random } from "@heddle/base";
import { CodedError } from "@heddle/base";
import type { Pos } from "@heddle/protocol";
import type { Appended, Draft, Entry, ReadQuery, ReadResult } from "./entry.ts";

export type NodeId = string;

/**
 * `unreachable`: the store was not asked; `unknown`: it was asked and did not answer, so the effect is open;
 * `overloaded`: refused for now; `failed`: the engine is broken in a way that trying again does not mend.
 */
export type EngineErrorCode = "unreachable" | "unknown" | "overloaded" | "failed";

/** The only error an engine may reject with. */
export class EngineError extends CodedError<EngineErrorCode> {
  constructor(code: EngineErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(code, message, { retryable: code !== "failed", ...options });
  }
}

/** Receives one channel's entries. `gen` counts the links to the store; entries of older links are stale. */
export interface Sink {
  entry(gen: number, entry: Entry): void;
  /** Entries may have been missed from now on; attach again. */
  broken(gen: number, why: string): void;
}

/** An attachment; detaching twice does nothing. */
export interface Attachment {
  readonly gen: number;
  detach(): void;
}

export interface Log {
  /** Atomic: dedup, order, expect, append, make visible. Resolves at `traits.ack`. @throws {EngineError} */
  append(channel: string, draft: Draft): Promise<Appended>;
  /** Resolves once interest is confirmed; later entries reach the sink in order, perhaps repeated, or `broken` is called. */
  attach(channel: string, sink: Sink): Promise<Attachment>;
  /** One consistent view. Creates the epoch of an absent log. @throws {EngineError} */
  read(channel: string, query: ReadQuery): Promise<ReadResult>;
  /** Heads in the order asked; creates epochs of absent logs. At most 256 channels a call. */
  heads(channels: readonly string[]): Promise<readonly Pos[]>;
  /** Forgets the log; its next use has a new epoch. */
  drop(channel: string): Promise<void>;
}

/** Messages between nodes: at most once, in order per sender and topic. */
export interface Bus {
  publish(topic: string, body: Uint8Array): void;
  subscribe(topic: string, receive: (body: Uint8Array, from: NodeId) => void): Promise<() => void>;
  /** @throws {EngineError} `unknown` after `timeoutMs` */
  request(node: NodeId, body: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  /** Answers `request`s to this node; one handler. */
  respond(answer: (body: Uint8Array, from: NodeId) => Promise<Uint8Array>): void;
  readonly link: Observable<{ readonly up: boolean; readonly gen: number }>;
}

/** Which nodes are alive. */
export interface Registry {
  readonly self: NodeId;
  /** Alive nodes, this one included. */
  alive(): readonly NodeId[];
  readonly changed: Observable<{ readonly alive: readonly NodeId[]; readonly left: readonly NodeId[] }>;
}

/** The alive nodes without this one. */
export const othersOf = (registry: Registry): readonly NodeId[] =>
  registry.alive().filter((node) => node !== registry.self);

export interface Traits {
  readonly offsets: "dense" | "sparse";
  /** Entries name their predecessor's tag. */
  readonly prevTag: boolean;
  /** A subscriber may see an entry that later does not exist. */
  readonly phantoms: boolean;
  readonly ack: "memory" | "primary" | "quorum" | "fsync";
  readonly staleReads: boolean;
  /** `Draft.expect` is honoured. */
  readonly cas: boolean;
  /** Where repeated publishes are recognised. */
  readonly producer: "append" | "replay" | "none";
  readonly dedupWindowMs: number;
  readonly history: "indexed" | "scan";
}

/** What an engine is given at start. */
export interface EngineEnv {
  readonly clock: Clock;
  readonly random: Random;
}

export interface Engine {
  readonly name: string;
  readonly traits: Traits;
  readonly log: Log;
  readonly bus: Bus;
  readonly registry: Registry;
  start(env: EngineEnv): Promise<void>;
  stop(): Promise<void>;
}
