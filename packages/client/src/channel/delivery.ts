// The way of one channel's entries to its handlers: in order, one at a time, the rest held meanwhile. Knows positions only
// to say how far the application has come.

import { gapCauses, type Gap, type MessageFrame, type WirePos } from "@heddle/protocol";
import type { Emitter } from "../emitter.ts";

/** What is known of a message besides its payload. */
export interface Meta {
  readonly event: string;
  /** Undefined for volatile events. */
  readonly position: WirePos | undefined;
  /** Id of the publish, `x:n`; `s:…` when a server wrote it. */
  readonly id: string | undefined;
  readonly key: string | undefined;
  /** When it was stored, by the store's clock. Milliseconds since 1970. */
  readonly at: number | undefined;
  /** Who published it, where the channel says so. */
  readonly user: string | undefined;
}

export interface Message {
  readonly payload: unknown;
  readonly meta: Meta;
}

/** One step of a stream. */
export interface Step {
  readonly cost: number;
  /** Where the application stands once this is handled. */
  readonly pos?: WirePos | undefined;
  readonly gap?: Gap;
  /** The gap is declared by us, not by a server: it would not be told again. */
  readonly isLocal?: boolean;
  /** What is done for it, unless it is a gap. Never rejects. */
  readonly run?: () => Promise<void>;
}

/** Whom entries go to: handlers of one event, under its name behind a colon, and of all. */
export interface DeliveryKinds {
  readonly [event: `:${string}`]: Message;
  readonly any: Message;
  readonly gap: Gap;
}

export interface Delivery {
  /** The position behind what the application has handled. */
  handled: WirePos | undefined;
  /** Cost of what waits. */
  readonly heldCost: () => number;
  readonly isBusy: () => boolean;
  /** Whether a gap is being handled or waits to be. */
  readonly hasGap: () => boolean;
  readonly accept: (step: Step) => void;
  /** A message, for `Step.run`. */
  readonly deliver: (frame: MessageFrame, position: WirePos | undefined) => Promise<void>;
  /** Forgets what waits. True when a gap was among it that nobody would tell again. */
  readonly discard: () => boolean;
  /** A new subscription begins: what was delivered before is of no account. */
  readonly reset: () => void;
}

/** Ids a subscription remembers, to deliver once what was accepted twice. */
export const rememberedIdCount = 1_024;

/**
 * @param handlers    never reject
 * @param held        what waits changed by this cost
 * @param progressed  a handler settled, or nothing is left to do
 * @param isUnwanted  whether a message with this id is passed over; `isRepeated`: it was delivered before
 */
export function newDelivery(
  { tell }: Pick<Emitter<DeliveryKinds>, "tell">,
  held: (costDelta: number) => void,
  progressed: () => void,
  isUnwanted: (id: string, isRepeated: boolean) => boolean,
): Delivery {
  const recent = new Set<string>();
  let waiting: Step[] = [];
  let heldCost = 0;
  let isBusy = false;
  /** Rises with every reset: a handler that settles later says nothing about what came since. */
  let runCount = 0;
  /** The gap whose handler runs. */
  let gapInHand: Gap | undefined;
  /** What a gap handler loaded reaches to here: entries up to it are not delivered again. */
  let loadedTo: WirePos | undefined;

  const hold = (costDelta: number): void => {
    heldCost += costDelta;
    held(costDelta);
  };
  const isLoaded = ([epoch, offset]: WirePos): boolean => loadedTo?.[0] === epoch && offset <= loadedTo[1];

  /** Notes an id. Those written by servers repeat nothing and are not kept. */
  const isRepeated = (id: string): boolean => {
    if (id.startsWith("s:")) return false;
    if (recent.has(id)) return true;
    if (recent.add(id).size > rememberedIdCount) recent.delete(recent.values().next().value as string);
    return false;
  };

  const handleGap = (gap: Gap): Promise<void> => {
    recent.clear();
    loadedTo = undefined;
    gapInHand = gap;
    return tell("gap", gap, (position) => {
      if (Array.isArray(position)) loadedTo = position as unknown as WirePos;
    });
  };

  /** Takes one step after another until none is left. The first is taken at once. */
  const run = async (first: Step): Promise<void> => {
    isBusy = true;
    for (let step: Step | undefined = first; step; step = waiting.shift()) {
      const { cost, pos, gap } = step;
      const count = runCount;
      if (step !== first) hold(-cost);
      await (gap ? handleGap(gap) : step.run?.());
      if (count === runCount) {
        gapInHand = undefined;
        if (gap) self.handled = loadedTo ?? pos;
        else if (pos && !isLoaded(pos)) self.handled = pos;
      }
      isBusy = waiting.length > 0;
      progressed();
    }
  };

  const discard = (): boolean => {
    const discarded = waiting;
    waiting = [];
    hold(-heldCost);
    return discarded.some(({ isLocal }) => isLocal);
  };

  const self: Delivery = {
    handled: undefined,
    heldCost: () => heldCost,
    isBusy: () => isBusy,
    hasGap: () => !!gapInHand || waiting.some(({ gap }) => gap),
    accept(step) {
      const { gap } = step;
      if (!isBusy) return void run(step);
      let last = step;
      if (gap && gapInHand) {
        // A second gap while the first is handled: one over both, and what came between is part of it.
        const causes = [gapInHand, gap, ...waiting.flatMap((other) => other.gap ?? [])].map(({ why }) => why);
        const why = gapCauses.find((cause) => causes.includes(cause)) ?? gap.why;
        last = { ...step, isLocal: discard() || !!step.isLocal, gap: { why, from: gapInHand.from, to: gap.to } };
      }
      waiting.push(last);
      hold(step.cost);
    },
    async deliver(frame, position) {
      const { e = "", i } = frame;
      if (position && isLoaded(position)) return;
      if (i && isUnwanted(i, !!position && isRepeated(i))) return;
      const message = messageFrom(frame, position);
      await tell(`:${e}`, message);
      await tell("any", message);
    },
    discard,
    reset() {
      discard();
      recent.clear();
      runCount++;
      self.handled = loadedTo = gapInHand = undefined;
    },
  };
  return self;
}

/** An entry as the application sees it. */
export const messageFrom = ({ e = "", d, i, key, ts, u }: MessageFrame, position: WirePos | undefined): Message => ({
  payload: d,
  meta: { event: e, position, id: i, key, at: ts, user: u },
});
