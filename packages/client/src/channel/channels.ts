// All channels of one client: by name, by the aliases of this connection, and with one budget for what waits.

import { everyoneChannel, ownUserChannel, type Gap, type ServerFrame, type SubBody } from "@heddle/protocol";
import type { Loose, Send } from "../connection/send.ts";
import { LocalError } from "../errors.ts";
import type { ClientLimits } from "../options.ts";
import { newChannel, type ChannelEnv, type ChannelInside, type SubscribeOptions } from "./channel.ts";
import type { Message } from "./delivery.ts";

/** Notices were missed: on `$me` those to this user, on `$all` those to everybody. */
export interface NoticeGap extends Gap {
  readonly channel: string;
}

export interface ChannelsEnv extends Omit<ChannelEnv, "say" | "route" | "held" | "keep" | "forget"> {
  readonly settings: ClientLimits;
  readonly notice: (message: Message) => void;
  readonly noticeGap: (gap: NoticeGap) => void;
}

export interface Channels {
  all(): readonly ChannelInside[];
  /** The channel of this name. Options count while it is not subscribed. @throws {LocalError} `backpressure` */
  of(name: string, options?: SubscribeOptions): ChannelInside;
  /** What `hello` carries; what finds no room there follows after `welcome`. */
  hello(): readonly Loose<SubBody>[];
  welcomed(): void;
  /** A frame about one channel. One whose alias is nobody's is counted and discarded. */
  frame(frame: ServerFrame & { readonly c: number }, cost: number): void;
  /** @param areVoid  positions mean nothing any more */
  lost(areVoid: boolean): void;
  closed(error: LocalError): void;
}

/** Subscriptions in one `hello`, and their JSON text; token and secrets need room too. */
export const helloSubsCount = 512;
const helloSubsLength = 100_000;

export function newChannels(given: ChannelsEnv): Channels {
  const { settings, counters, send } = given;
  const byName = new Map<string, ChannelInside>();
  const byAlias = new Map<number, ChannelInside>();
  let heldCost = 0;
  /** `undefined`: the server does not hear us. Between `hello` and `welcome` what we ask is kept here. */
  let say: Send | undefined;
  let kept: Parameters<Send>[0][] = [];

  const all = (): ChannelInside[] => [...byName.values()];

  const env: ChannelEnv = {
    ...given,
    say(frame) {
      if (say) say(frame());
    },
    route(alias, channel) {
      if (channel) byAlias.set(alias, channel);
      else byAlias.delete(alias);
    },
    /** When the budget is overdrawn, those with most waiting are let go of. */
    held(costDelta) {
      heldCost += costDelta;
      while (heldCost > settings.holdBytes) {
        const largest = all().reduce((a, b) => (b.parkable() > a.parkable() ? b : a));
        if (!largest.parkable()) return;
        largest.park();
      }
    },
    keep(channel) {
      const { name } = channel.channel;
      if (!byName.has(name)) byName.set(name, channel);
      if (byName.get(name) !== channel) throw new LocalError("closed", `${name}: get this channel anew`);
    },
    forget: ({ channel }) => void byName.delete(channel.name),
  };

  const add = (name: string, options: SubscribeOptions, isImplicit?: boolean): ChannelInside => {
    const added = newChannel(env, name, options, isImplicit);
    byName.set(name, added);
    return added;
  };

  const implicit = (name: string): ChannelInside => {
    const added = add(name, {}, true);
    // Nobody waits for handlers of notices, so nothing is ever held.
    added.handlers.add("gap", (gap) => given.noticeGap({ channel: name, ...gap }));
    added.handlers.add("any", given.notice);
    return added;
  };

  return {
    all,
    of(name, options) {
      const known = byName.get(name);
      if (options) known?.use(options);
      if (known) return known;
      const { channelCount } = settings;
      if (byName.size >= channelCount) for (const other of all()) if (other.isUnused()) env.forget(other);
      if (byName.size >= channelCount)
        throw new LocalError("backpressure", `${name}: ${channelCount} channels are in use`);
      return add(name, options ?? {});
    },
    hello() {
      kept = [];
      say = (frame) => void kept.push(frame);
      const bodies: Loose<SubBody>[] = [];
      let length = 0;
      // What the server gives by itself can be named here and nowhere else.
      for (const channel of all().sort((a, b) => +b.isImplicit - +a.isImplicit)) {
        const body = channel.joining();
        if (!body) continue;
        length += JSON.stringify(body).length;
        if (bodies.length < helloSubsCount && length <= helloSubsLength) bodies.push(body);
        else say({ t: "sub", ...body });
      }
      return bodies;
    },
    welcomed() {
      say = send;
      kept.forEach(send);
      for (const channel of all()) channel.welcomed();
    },
    frame(frame, cost) {
      const channel = byAlias.get(frame.c);
      if (frame.t === "subd") {
        const { ch } = frame;
        if (ch === ownUserChannel || ch === everyoneChannel) (byName.get(ch) ?? implicit(ch)).given(frame, cost);
      } else if (channel) channel.frame(frame, cost);
      else counters.discarded++;
    },
    lost(areVoid) {
      say = undefined;
      byAlias.clear();
      for (const channel of all()) channel.lost(areVoid);
    },
    closed(error) {
      for (const channel of all()) channel.closed(error);
    },
  };
}
