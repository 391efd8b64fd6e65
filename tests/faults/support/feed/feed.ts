// Two nodes as processes on one Redis, which writes everything to disk; writers that count up and readers that count along.
// Nodes are killed while they do. What was wrong is counted; nothing is kept, so that a run may be long.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom } from "@heddle/base/fakes";
import { RedisServer } from "@heddle/testkit/process";
import { builtPrograms } from "../build.ts";
import { Child } from "../child.ts";
import type { Told } from "../programs.ts";
import { keptCount } from "./contract.ts";
import type { FeedNodeConfig } from "./node-program.ts";
import { feedClient, Reader, roomOf, type FeedClient } from "./reader.ts";

export interface FeedOptions {
  readonly channelCount: number;
  readonly readersEach: number;
  readonly seed: number;
}

export interface FeedNode {
  readonly name: string;
  port: number;
  run: number;
  child: Child<FeedNodeConfig>;
}

export type FeedReport = Readonly<Record<string, number>>;

/** Publishes of one writer that are under way at once. */
const windowCount = 64;
/** How far a writer runs ahead of its slowest reader: less than is kept. */
const aheadMost = keptCount / 4;
const lookMs = 5;
const startTriesMost = 5;
/** Nothing moved for so long: it never will. */
const stillMostMs = 120_000;

export class Feed implements AsyncDisposable {
  readonly redis: RedisServer;
  readonly nodes: FeedNode[] = [];
  readonly readers: Reader[] = [];
  readonly problems: string[] = [];
  killCount = 0;
  #published = 0;
  #recognised = 0;
  readonly #program: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "heddle-feed-"));
  readonly #writers: FeedClient[] = [];
  readonly #children = new Set<Child<FeedNodeConfig>>();
  readonly #random: SeededRandom;
  /** Those that have listened: they may not end by themselves. */
  readonly #serving = new Set<Child<FeedNodeConfig>>();
  /** Loaded, and waiting to be begun. */
  #spare: Child<FeedNodeConfig> | undefined;
  #loaded = 0;

  private constructor(redis: RedisServer, program: string, { seed }: FeedOptions) {
    this.redis = redis;
    this.#program = program;
    this.#random = new SeededRandom(seed);
  }

  static async start(options: FeedOptions): Promise<Feed> {
    const { feed: program } = await builtPrograms();
    const feed = new Feed(await RedisServer.start({ isPersistent: true }), program, options);
    for (const name of ["n1", "n2"]) {
      const node = { name, port: 0, run: 0, child: feed.#load() };
      feed.nodes.push(node);
      feed.#spare = node.child;
      await feed.#begin(node);
    }
    const ports = feed.nodes.map(({ port }) => port);
    for (let channel = 0; channel < options.channelCount; channel++) {
      feed.#writers.push(feedClient(`writer ${channel}`, ports));
      for (let index = 0; index < options.readersEach; index++)
        feed.readers.push(new Reader(`reader ${channel} ${index}`, String(channel), ports));
    }
    await Promise.all(feed.readers.map(({ room }) => room.ready()));
    return feed;
  }

  /** Publishes up to this number on every channel; resolves when every reader has come that far. */
  async countTo(most: number, from?: number): Promise<void> {
    await this.write(most, from);
    await this.until(() => this.readers.every(({ last }) => last === most), "everybody has everything");
  }

  /** As `countTo`, but what was stored may get lost before a reader has it. */
  async write(most: number, from?: number): Promise<void> {
    await Promise.all(this.#writers.map((writer, channel) => this.#write(writer, channel, most, from)));
  }

  /** Kills a node of two, and starts it again at once or a while later; resolves when it listens. */
  async killOne(): Promise<void> {
    const node = this.#random.pick(this.nodes);
    this.killCount++;
    await node.child.kill();
    await pause(this.#random.between(0, 1_000));
    await this.#begin(node);
  }

  /** Lets a node ask all clients of the user `asked`. */
  ask({ child }: FeedNode): Promise<Extract<Told, { is: "asked" }>> {
    const told = child.told("asked");
    child.order("ask");
    return told;
  }

  /** Waits for as long as anything moves. @throws {Error} when nothing does any more */
  async until(holds: () => boolean, what: string): Promise<void> {
    let moved = "";
    for (let movedMs = performance.now(); !holds();) {
      const now = `${this.#published} ${this.readers.map(({ delivered }) => delivered).join()}`;
      if (now !== moved) movedMs = performance.now();
      moved = now;
      if (performance.now() - movedMs > stillMostMs) throw new Error(`${what}: nothing moves any more, at ${now}`);
      await pause(lookMs);
    }
  }

  get delivered(): number {
    return this.readers.reduce((total, { delivered }) => total + delivered, 0);
  }

  get report(): FeedReport {
    const sum = (of: (reader: Reader) => number): number =>
      this.readers.reduce((total, reader) => total + of(reader), 0);
    return {
      published: this.#published,
      "publishes recognised as repeated": this.#recognised,
      delivered: this.delivered,
      lost: sum(({ lost }) => lost),
      repeated: sum(({ repeated }) => repeated),
      "skipped by a gap": sum(({ skipped }) => skipped),
      gaps: sum(({ gaps }) => gaps.length),
      "nodes killed": this.killCount,
      "resumed subscriptions": sum(({ client }) => client.stats.resumes),
      "came back on the other node": sum(({ moves }) => moves),
      "holes clients found": sum(({ client }) => client.stats.chainBreaks),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const clients = [...this.#writers, ...this.readers.map(({ client }) => client)];
    await Promise.all(clients.map((client) => client.close()));
    await Promise.all([...this.#children].map((child) => child.kill()));
    await this.redis[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #write(writer: FeedClient, channel: number, most: number, from?: number): Promise<void> {
    const room = roomOf(writer, String(channel));
    const each = this.readers.length / this.#writers.length;
    const readers = this.readers.slice(channel * each, (channel + 1) * each);
    const underWay = new Set<Promise<unknown>>();
    const mayGoOn = (n: number): boolean =>
      underWay.size < windowCount && readers.every(({ last }) => n - last <= aheadMost);
    for (let n = from ?? Math.max(0, ...readers.map(({ last }) => last)) + 1; n <= most; n++) {
      if (!mayGoOn(n)) await this.until(() => mayGoOn(n), `number ${n} of channel ${channel}`);
      const publishing = room
        .publish("message", { n })
        .then(
          ({ duplicate }) => {
            this.#published++;
            if (duplicate) this.#recognised++;
          },
          (error: unknown) => void this.problems.push(`number ${n} of channel ${channel}: ${String(error)}`),
        )
        .finally(() => underWay.delete(publishing));
      underWay.add(publishing);
    }
    await Promise.all(underWay);
  }

  /** Starts a node, again and again as a supervisor does: one that cannot reach Redis in time ends. */
  async #begin(node: FeedNode): Promise<void> {
    for (let tries = 1; ; tries++) {
      node.child = this.#spare ?? this.#load();
      this.#spare = this.#load();
      const name = `${node.name}.${++node.run}`;
      node.child.begin(name, { name, port: node.port, url: this.redis.url });
      try {
        node.port = (await node.child.told("listening")).port;
        this.#serving.add(node.child);
        return;
      } catch (error) {
        if (tries === startTriesMost) throw error;
      }
    }
  }

  #load(): Child<FeedNodeConfig> {
    const failed = (why: string): void => {
      if (this.#serving.has(child)) this.problems.push(why);
    };
    const child: Child<FeedNodeConfig> = new Child<FeedNodeConfig>(
      this.#program,
      this.#folder,
      `node-${++this.#loaded}`,
      failed,
    );
    this.#children.add(child);
    void child.ended.then(() => this.#children.delete(child));
    return child;
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
