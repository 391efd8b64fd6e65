// All channels of one client: by name, by the aliases of this connection, and with one budget for what waits.

import { everyoneChannel, ownUserChannel, type Gap, type ServerFrame, type SubBody } from "@heddle/protocol";
import type { Loose, Send } from "../connection/send.ts";
import { LocalError } from "../errors.ts";
import { newChannel } from "./channel.ts";
import type { ChannelInside, ChannelsParts, ClientParts } from "./parts.ts";
import type { SubscribeOptions } from "./channel-api.ts";

/** Notices were missed: on `$me` those to this user, on `$all` those to everybody. */
export interface NoticeGap extends Gap {
  readonly channel: string;
}

export type Channels = readonly [
  all: () => readonly ChannelInside[],
  /** The channel of this name. Options count while it is not subscribed. @throws {LocalError} `backpressure` */
  of: (name: string, options?: SubscribeOptions) => ChannelInside,
  /** What `hello` carries; what finds no room there follows after `welcome`. */
  hello: () => readonly Loose<SubBody>[],
  welcomed: () => void,
  /** A frame about one channel. One whose alias is nobody's is counted and discarded. */
  frame: (frame: ServerFrame & { readonly c: number }, cost: number) => void,
  /** @param areVoid  positions mean nothing any more */
  lost: (areVoid: boolean) => void,
  closed: (error: LocalError) => void,
];

/** Subscriptions in one `hello`. */
export const helloSubsCount = 512;

export function newChannels(parts: ClientParts): Channels {
  const [{ holdBytes, channelCount }, counters, , , send] = parts;
  const byName = new Map<string, ChannelInside>();
  const byAlias = new Map<number, ChannelInside>();
  let heldCost = 0;
  /** `undefined`: the server does not hear us. Between `hello` and `welcome` what we ask is kept here. */
  let say: Send | undefined;
  let kept: Parameters<Send>[0][] = [];

  const all = (): ChannelInside[] => [...byName.values()];

  const shared: ChannelsParts = [
    byName,
    byAlias,
    (frame) => say?.(frame()),
    // When the budget is overdrawn, those with most waiting are let go of: each comes back here with what it let go.
    (costDelta) => {
      heldCost += costDelta;
      if (heldCost <= holdBytes) return;
      const largest = all().reduce((a, b) => (b.parkable() > a.parkable() ? b : a));
      if (largest.parkable()) largest.park();
    },
  ];

  const make = (name: string, options: SubscribeOptions, isImplicit?: boolean): ChannelInside => {
    const made = newChannel(parts, shared, name, options, isImplicit);
    byName.set(name, made);
    return made;
  };

  return [
    all,
    (name, options) => {
      const known = byName.get(name);
      if (options) known?.use(options);
      if (known) return known;
      if (byName.size >= channelCount)
        for (const { channel, isUnused } of all()) if (isUnused()) byName.delete(channel.name);
      if (byName.size >= channelCount) throw new LocalError("backpressure", `${name}: ${channelCount} in use`);
      return make(name, options ?? {});
    },
    () => {
      kept = [];
      say = (frame) => void kept.push(frame);
      const bodies: Loose<SubBody>[] = [];
      let length = 0;
      const lengthMax = 100_000; // token and secrets need room too
      // What the server gives by itself can be named here and nowhere else.
      for (const { joining } of all().sort((a, b) => +b.isImplicit - +a.isImplicit)) {
        const body = joining();
        if (!body) continue;
        length += JSON.stringify(body).length;
        if (bodies.length < helloSubsCount && length <= lengthMax) bodies.push(body);
        else say({ t: "sub", ...body });
      }
      return bodies;
    },
    () => {
      say = send;
      kept.forEach(send);
      for (const { welcomed } of all()) welcomed();
    },
    (frame, cost) => {
      const channel = byAlias.get(frame.c);
      if (frame.t === "subd") {
        const { ch } = frame;
        if (ch === ownUserChannel || ch === everyoneChannel) (byName.get(ch) ?? make(ch, {}, true)).frame(frame, cost);
      } else if (channel) channel.frame(frame, cost);
      else counters.discarded++;
    },
    (areVoid) => {
      say = undefined;
      byAlias.clear();
      for (const { lost } of all()) lost(areVoid);
    },
    (error) => {
      for (const { closed } of all()) closed(error);
    },
  ];
}
