// The log port over the scripts: one call each, and entries out of what is published beside them.

import type { Random } from "@heddle/base";
import {
  EngineError,
  freshEpoch,
  type Appended,
  type Attachment,
  type Draft,
  type Entry,
  type Log,
  type ReadQuery,
  type ReadResult,
  type Sink,
} from "@heddle/hub/ports";
import { listOf, textOf, type Argument, type Reply } from "./connection.ts";
import type { RedisLimits } from "./limits.ts";
import type { Links } from "./links.ts";
import type { KeySpace } from "./partitions.ts";
import type { Pos } from "@heddle/protocol";
import { scripts } from "./scripts.ts";

export interface RedisLogOptions {
  readonly links: Links;
  readonly space: KeySpace;
  readonly limits: RedisLimits;
  readonly random: Random;
}

type Head = readonly [event: string, key: string, user: string, traceparent: string, kind: "json" | "bytes"];

export class RedisLog implements Log {
  readonly #links: Links;
  readonly #space: KeySpace;
  readonly #limits: RedisLimits;
  readonly #random: Random;

  constructor({ links, space, limits, random }: RedisLogOptions) {
    this.#links = links;
    this.#space = space;
    this.#limits = limits;
    this.#random = random;
  }

  async append(channel: string, draft: Draft): Promise<Appended> {
    const { dedup, expect, keep, data } = draft;
    const isProducer = dedup.by === "producer";
    const partition = this.#space.partitionOf(channel);
    // The length keeps apart a channel "a:b" with a producer "c" and a channel "a" with a producer "b:c".
    const record = `${channel.length}:${channel}:${isProducer ? dedup.x : dedup.key}`;
    const keys = [
      ...this.#logKeys(partition, channel),
      this.#space.key(partition, isProducer ? "p" : "k", record),
      this.#topic(partition, channel),
    ];
    const head: Head = [draft.event, draft.key, draft.user, draft.traceparent, draft.kind];
    const args: Argument[] = [
      ...[`${draft.tag}`, draft.epochIfNone, isProducer ? "1" : "0"],
      ...(isProducer ? [`${dedup.n}`, `${dedup.prev}`] : ["1", "0"]),
      ...[dedup.hash, `${this.#limits.dedupWindowMs}`],
      ...(expect === undefined ? ["", "0", "0"] : [expect.epoch, `${expect.offset}`, `${expect.tag}`]),
      ...[`${keep.entries}`, ageText(keep.ageMs), draft.id, JSON.stringify(head), data],
      ...[this.#links.words.publish, `${this.#limits.idleChannelMs}`],
    ];
    const [status, epoch, offset, tag] = listOf(
      await this.#links.run(partition, scripts.append, keys, args, data.length),
    );
    const pos = { epoch: textOf(epoch), offset: Number(textOf(offset)), tag: Number(textOf(tag)) };
    switch (textOf(status)) {
      case "n":
        return { s: "new", pos };
      case "d":
        return { s: "dup", pos };
      case "c":
        return { s: "conflict", head: pos };
      case "o":
        return { s: "outOfOrder" };
      case "r":
        return { s: "idReused" };
      default:
        throw new EngineError("failed", `Redis: append answered ${textOf(status)}`);
    }
  }

  async attach(channel: string, sink: Sink): Promise<Attachment> {
    const partition = this.#space.partitionOf(channel);
    const topic = this.#topic(partition, channel);
    return this.#links.attach(partition, topic, {
      message: (gen, body) => {
        const entry = entryOf(body);
        if (entry !== undefined) sink.entry(gen, entry);
        else this.#links.breakTopic(topic, "the log was dropped");
      },
      broken: (gen, why) => sink.broken(gen, why),
    });
  }

  async read(channel: string, query: ReadQuery): Promise<ReadResult> {
    const partition = this.#space.partitionOf(channel);
    const asked = "after" in query ? query.after : "before" in query ? query.before : { epoch: "", offset: 0, tag: 0 };
    const mode = "after" in query ? "after" : "before" in query ? "before" : "last";
    const limit = "last" in query ? Math.min(query.last, query.limit) : query.limit;
    const args = [
      ...[freshEpoch(this.#random), mode, asked.epoch, `${asked.offset}`, `${asked.tag}`, `${limit}`, `${query.bytes}`],
      `${this.#limits.idleChannelMs}`,
    ];
    const reply = await this.#links.run(partition, scripts.read, this.#logKeys(partition, channel), args);
    return resultOf(reply, mode);
  }

  async heads(channels: readonly string[]): Promise<readonly Pos[]> {
    const byPartition = new Map<number, string[]>();
    for (const channel of new Set(channels)) {
      const partition = this.#space.partitionOf(channel);
      byPartition.set(partition, [...(byPartition.get(partition) ?? []), channel]);
    }
    const heads = new Map<string, Pos>();
    await Promise.all(
      [...byPartition].map(async ([partition, names]) => {
        const keys = names.flatMap((name) => this.#logKeys(partition, name));
        const args = [`${this.#limits.idleChannelMs}`, ...names.map(() => freshEpoch(this.#random))];
        const found = listOf(await this.#links.run(partition, scripts.heads, keys, args)).map(textOf);
        for (const [index, name] of names.entries()) heads.set(name, posAt(found, 3 * index));
      }),
    );
    return channels.map((channel) => heads.get(channel) as Pos);
  }

  async drop(channel: string): Promise<void> {
    const partition = this.#space.partitionOf(channel);
    const topic = this.#topic(partition, channel);
    await this.#links.run(
      partition,
      scripts.drop,
      [...this.#logKeys(partition, channel), topic],
      [this.#links.words.publish],
    );
  }

  #logKeys(partition: number, channel: string): [string, string] {
    return [this.#space.key(partition, "m", channel), this.#space.key(partition, "s", channel)];
  }

  #topic(partition: number, channel: string): string {
    return this.#space.key(partition, "b", channel);
  }
}

/** Without an end: 0. */
const ageText = (ageMs: number): string => (Number.isFinite(ageMs) ? `${Math.ceil(ageMs)}` : "0");

const posAt = (texts: readonly string[], at: number): Pos => ({
  epoch: texts[at] ?? "",
  offset: Number(texts[at + 1]),
  tag: Number(texts[at + 2]),
});

function resultOf(reply: Reply, mode: "after" | "before" | "last"): ReadResult {
  const [epochReply, headOffset, headTag, floorOffset, floorTag, proof, more, list] = listOf(reply);
  const epoch = textOf(epochReply);
  const entries = listOf(list).map((each) => storedEntry(epoch, each));
  if (mode !== "after") entries.reverse();
  return {
    entries,
    head: { epoch, offset: Number(textOf(headOffset)), tag: Number(textOf(headTag)) },
    floor: { epoch, offset: Number(textOf(floorOffset)), tag: Number(textOf(floorTag)) },
    more: more === 1,
    proof: textOf(proof) as ReadResult["proof"],
  };
}

/** Of a stream's element: its id, and p c i h d with their values. */
function storedEntry(epoch: string, element: Reply): Entry {
  const [id, fields] = listOf(element);
  const [offset, tag] = textOf(id).split("-").map(Number);
  const values = listOf(fields);
  const data = values[9];
  return newEntry(epoch, offset as number, tag as number, {
    prevTag: Number(textOf(values[1])),
    ts: Number(textOf(values[3])),
    id: textOf(values[5]),
    head: textOf(values[7]),
    data: data instanceof Buffer ? data : Buffer.alloc(0),
  });
}

const newline = 10;

/** Of what `append` publishes: a line of numbers, then id, head and data. Undefined: the log was dropped. */
export function entryOf(body: Buffer): Entry | undefined {
  const end = body.indexOf(newline);
  if (end < 0) return undefined;
  const [epoch = "", ...rest] = body.toString("latin1", 0, end).split(" ");
  const [offset, tag, prevTag, ts, idBytes, headBytes] = rest.map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const idEnd = end + 1 + idBytes;
  const headEnd = idEnd + headBytes;
  return newEntry(epoch, offset, tag, {
    ...{ prevTag, ts, id: body.toString("utf8", end + 1, idEnd), head: body.toString("utf8", idEnd, headEnd) },
    data: body.subarray(headEnd),
  });
}

interface Stored {
  readonly prevTag: number;
  readonly ts: number;
  readonly id: string;
  readonly head: string;
  readonly data: Buffer;
}

function newEntry(epoch: string, offset: number, tag: number, { prevTag, ts, id, head, data }: Stored): Entry {
  const [event, key, user, traceparent, kind] = JSON.parse(head) as Head;
  return {
    pos: { epoch, offset, tag },
    ...{ prevOffset: offset - 1, prevTag, type: "data", ts, id, event, key, user, traceparent, kind },
    // A plain array of its own: a ring that keeps it must not keep the whole read buffer.
    data: new Uint8Array(data),
  };
}
