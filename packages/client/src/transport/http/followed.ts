// The subscriptions of a link that has to ask for all of them again with every request: where each stands, and under which
// alias the client knows it. Answers of different nodes name the same channel differently; the client hears one name.

import type { ErrFrame, ServerFrame, Start, SubBody, SubdFrame, WirePos } from "@heddle/protocol";

/** Numbers of requests that are ours, not the client's: those in the upper half of what there is. */
const ownNumberMin = 2 ** 31;

interface Place {
  readonly body: Omit<SubBody, "r" | "at" | "j">;
  readonly start: Start;
  /** The client's request while it is unanswered. */
  r: number | undefined;
  /** The alias the client knows; undefined before its `subd`. */
  alias: number | undefined;
  position: WirePos | undefined;
  ticket: string | undefined;
}

export interface Followed {
  /** Whether the client waits to hear of a subscription. */
  readonly isAwaited: boolean;
  /** Whether it waits to hear of this one. */
  awaits(ch: string): boolean;
  sub(body: SubBody): void;
  /** @returns whether there was such a subscription */
  unsub(ch: string): boolean;
  /** All of them, for a request whose answer is the next that is taken. */
  ask(): SubBody[];
  /** A frame of the answer as the client is to hear it; undefined when it says nothing new. */
  take(text: string): string | undefined;
}

export function newFollowed(): Followed {
  const byName = new Map<string, Place>();
  let byAlias = new Map<number, Place>();
  let asked = new Map<number, string>();
  let aliasCount = 0;

  const subscribed = (frame: SubdFrame): ServerFrame | undefined => {
    const { ch, c, p, gap, j } = frame;
    let place = byName.get(ch);
    if (place === undefined) {
      if (frame.r !== undefined) return undefined; // unsubscribed meanwhile
      place = { body: { ch }, start: "live", r: undefined, alias: undefined, position: undefined, ticket: undefined };
      byName.set(ch, place);
    }
    byAlias.set(c, place);
    place.position = p ?? place.position;
    place.ticket = j ?? place.ticket;
    if (place.alias !== undefined) return gap && { t: "gap", c: place.alias, ...gap };
    place.alias = ++aliasCount;
    const { r } = place;
    place.r = undefined;
    const { r: _, ...rest } = frame;
    return { ...rest, ...(r === undefined ? {} : { r }), c: place.alias };
  };

  const refused = (frame: ErrFrame): ServerFrame | undefined => {
    const ch = asked.get(frame.r);
    const place = ch === undefined ? undefined : byName.get(ch);
    if (ch === undefined) return frame.r < ownNumberMin ? frame : undefined;
    if (place === undefined) return undefined;
    byName.delete(ch);
    const { code, why = "", ms } = frame;
    if (place.alias === undefined) return { ...frame, r: place.r ?? frame.r };
    return { t: "unsubd", c: place.alias, code, why, ...(ms === undefined ? {} : { ms }) };
  };

  /** Frames about a channel, under the client's alias. */
  const about = (frame: ServerFrame & { readonly c: number }): ServerFrame | undefined => {
    const place = byAlias.get(frame.c);
    if (place?.alias === undefined) return undefined;
    if (frame.t === "gap") place.position = frame.to;
    if (frame.t === "live") place.position = frame.p;
    if (frame.t === "unsubd") byName.delete(place.body.ch);
    return { ...frame, c: place.alias } as ServerFrame;
  };

  /** What comes most: moved and renamed without a look at its payload. */
  const publication = (text: string): string | undefined => {
    const [head, alias, offset, tag] = /^\{"t":"(?:m|skip)","c":(\d+)(?:,"o":(\d+),"g":(\d+))?/.exec(text) ?? [];
    if (head === undefined || alias === "0") return text;
    const place = byAlias.get(Number(alias));
    if (place?.alias === undefined) return undefined;
    if (offset !== undefined && place.position) place.position = [place.position[0], Number(offset), Number(tag)];
    return text.replace(`"c":${alias}`, `"c":${place.alias}`);
  };

  return {
    get isAwaited() {
      return [...byName.values()].some(({ alias }) => alias === undefined);
    },
    awaits(ch) {
      const place = byName.get(ch);
      return place !== undefined && place.alias === undefined;
    },
    sub({ r, ch, at, m, pr, j }) {
      const body = { ch, ...(m === undefined ? {} : { m }), ...(pr === undefined ? {} : { pr }) };
      const position: WirePos | undefined = at instanceof Array && at[0] === "pos" ? [at[1], at[2], at[3]] : undefined;
      byName.set(ch, { body, start: at, r, alias: undefined, position, ticket: j });
    },
    unsub: (ch) => byName.delete(ch),
    ask() {
      byAlias = new Map();
      asked = new Map();
      return [...byName.values()].map(({ body, start, r, position, ticket }, index) => {
        const number = r ?? ownNumberMin + index;
        asked.set(number, body.ch);
        const at: Start = position ? ["pos", ...position] : start;
        return { ...body, r: number, at, ...(ticket === undefined ? {} : { j: ticket }) };
      });
    },
    take(text) {
      if (/^\{"t":"(?:m|skip)"/.test(text)) return publication(text);
      const frame = JSON.parse(text) as ServerFrame;
      let heard: ServerFrame | undefined = frame;
      if (frame.t === "subd") heard = subscribed(frame);
      else if (frame.t === "err") heard = refused(frame);
      else if ("r" in frame && typeof frame.r === "number" && frame.r >= ownNumberMin) heard = undefined;
      else if ("c" in frame && typeof frame.c === "number") heard = about(frame);
      return heard && (heard === frame ? text : JSON.stringify(heard));
    },
  };
}
