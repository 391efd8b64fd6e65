// One subscription of a client, each of whose receipts is written down as its handlers get it.

import type { Channel } from "@heddle/client/core";
import { fromWirePos, toWirePos, type Pos, type WirePos } from "@heddle/protocol";
import type { Recorder } from "./recorder.ts";
import { kindOf, type SimPayload } from "./sim-application.ts";

export interface Following {
  readonly sub: string;
  readonly channel: Channel;
  readonly offs: (() => void)[];
  /** It begins with a snapshot. */
  readonly isSnap: boolean;
  isSubscribed: boolean;
  isEnded: boolean;
}

/** How long the application's handlers take, each after it has written down what it got. */
export interface Handling {
  afterGap(): Promise<unknown>;
  afterMessage(): Promise<unknown>;
}

/** Writes down what the subscription is told until its `offs` are called. */
export function listen(following: Following, ch: string, recorder: Recorder, handling: Handling): void {
  const { sub, channel, offs } = following;
  const subscribed = (): void => {
    // Until the server answered, the channel's position is that of an earlier subscription.
    if (following.isSubscribed || !isAnswered(channel) || channel.attachedAt === undefined) return;
    following.isSubscribed = true;
    recorder.record({ f: "subscribed", sub, pos: fromWirePos(channel.attachedAt) });
  };
  offs.push(
    channel.onStatus((status) => {
      // Parked before its snapshot is handled it begins anew, with another one: only the handled one is its beginning.
      if (!following.isSnap) subscribed();
      if (status.state !== "ended" || following.isEnded) return;
      following.isEnded = true;
      recorder.record({ f: "sub-end", sub, code: status.code });
    }),
    channel.onGap(async ({ why, from, to }) => {
      subscribed();
      recorder.record({ f: "gap", sub, why, from: fromWirePos(from), to: fromWirePos(to) });
      await handling.afterGap();
    }),
    channel.onSkip(({ to }) => {
      subscribed();
      recorder.record({ f: "skip", sub, pos: fromWirePos(to) });
    }),
    channel.onAny(async (payload, meta) => {
      subscribed();
      if (meta.position === undefined) return recorder.record({ f: "volatile", sub, hash: (payload as SimPayload).h });
      recorder.record({ f: "deliver", sub, ...seen(payload, meta) });
      await handling.afterMessage();
    }),
  );
  if (kindOf(ch)?.snapshot !== undefined) {
    const nowhere = toWirePos({ epoch: "-", offset: 0, tag: 1 });
    offs.push(
      channel.onSnapshot((state) => {
        subscribed();
        const { user } = state as { user: string };
        recorder.record({ f: "snapshot", sub, pos: fromWirePos(channel.attachedAt ?? nowhere), user });
      }),
    );
  }
  channel.ready().catch(() => undefined); // how it ended is told by the status
}

/** What the checker is told of a message. */
export function seen(
  payload: unknown,
  meta: { readonly position: WirePos | undefined; readonly id: string | undefined },
): { pos: Pos; hash: string; id: string } {
  const { h } = payload as SimPayload;
  return { pos: fromWirePos(meta.position as WirePos), hash: h, id: meta.id ?? "" };
}

const isAnswered = ({ status }: Channel): boolean => status.state === "receiving" || status.state === "held";
