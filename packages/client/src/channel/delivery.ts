// The way of one channel's entries to its handlers: in order, one at a time, the rest held meanwhile. Knows positions only
// to say how far the application has come.

import { gapCauses, type Gap, type MessageFrame, type WirePos } from "@heddle/protocol";
import type { Tell } from "../emitter.ts";

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
type Step = readonly [
  cost: number,
  /** Where the application stands once this is handled. */
  pos: WirePos | undefined,
  /** What is done for it, unless it is a gap. Never rejects. */
  work: (() => Promise<unknown>) | undefined,
  gap?: Gap | undefined,
  /** The gap is declared by us, not by a server: it would not be told again. */
  isLocal?: boolean | undefined,
];

/** Whom entries go to: handlers of one event, under its name behind a colon, and of all. */
export interface DeliveryKinds {
  readonly [event: `:${string}`]: Told;
  readonly any: Told;
  readonly gap: [gap: Gap];
}
type Told = [payload: unknown, meta: Meta];

export type Delivery = readonly [
  accept: (...step: Step) => void,
  /** A message, for a step's work. */
  deliver: (frame: MessageFrame, position: WirePos | undefined) => Promise<void>,
  /** Forgets what waits. True when a gap was among it that nobody would tell again. */
  discard: () => boolean,
  /** A new subscription begins: what was delivered before is of no account. */
  reset: () => void,
  /** Whether a gap is being handled or waits to be. */
  hasGap: () => boolean,
  isBusy: () => boolean,
  /** Cost of what waits. */
  heldCost: () => number,
];

/** Ids a subscription remembers, to deliver once what was accepted twice. */
export const rememberedIdCount = 1_024;

/**
 * @param stand       told the position behind what the application has handled
 * @param tell        never rejects
 * @param held        what waits changed by this cost
 * @param progressed  a handler settled, or nothing is left to do
 * @param isUnwanted  whether a message with this id is passed over; `isRepeated`: it was delivered before
 */
export function newDelivery(
  stand: { handled?: WirePos | undefined },
  tell: Tell<DeliveryKinds>,
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

  const handleGap = (gap: Gap): Promise<WirePos | undefined> => {
    recent.clear();
    loadedTo = undefined;
    gapInHand = gap;
    return tell("gap", gap);
  };

  /** Takes one step after another until none is left. The first is taken at once. */
  const run = async (first: Step): Promise<void> => {
    isBusy = true;
    for (let step: Step | undefined = first; step; step = waiting.shift()) {
      const [cost, pos, work, gap] = step;
      const count = runCount;
      if (step !== first) hold(-cost);
      const loaded = await (gap ? handleGap(gap) : work?.());
      if (count === runCount) {
        gapInHand = undefined;
        if (gap) stand.handled = (loadedTo = loaded as WirePos | undefined) ?? pos;
        else if (pos && !isLoaded(pos)) stand.handled = pos;
      }
      isBusy = waiting.length > 0;
      progressed();
    }
  };

  const discard = (): boolean => {
    const discarded = waiting;
    waiting = [];
    hold(-heldCost);
    return discarded.some(([, , , , isLocal]) => isLocal);
  };

  return [
    (...step) => {
      if (!isBusy) return void run(step);
      const [cost, pos, work, gap, isLocal] = step;
      let last = step;
      if (gap && gapInHand) {
        // A second gap while the first is handled: one over both, and what came between is part of it.
        const causes = [gapInHand, gap, ...waiting.map(([, , , other]) => other)].map((each) => each?.why);
        const why = gapCauses.find((cause) => causes.includes(cause)) ?? gap.why;
        last = [cost, pos, work, { why, from: gapInHand.from, to: gap.to }, discard() || isLocal];
      }
      waiting.push(last);
      hold(cost);
    },
    async (frame, position) => {
      const { e = "", i } = frame;
      if (position && isLoaded(position)) return;
      if (i && isUnwanted(i, !!position && isRepeated(i))) return;
      const message = messageFrom(frame, position);
      await tell(`:${e}`, ...message);
      await tell("any", ...message);
    },
    discard,
    () => {
      discard();
      recent.clear();
      runCount++;
      stand.handled = loadedTo = gapInHand = undefined;
    },
    () => !!gapInHand || waiting.some(([, , , gap]) => gap),
    () => isBusy,
    () => heldCost,
  ];
}

/** An entry as the application sees it. */
export const messageFrom = ({ e = "", d, b, i, key, ts, u }: MessageFrame, position: WirePos | undefined): Told => [
  b ?? d,
  { event: e, position, id: i, key, at: ts, user: u },
];
