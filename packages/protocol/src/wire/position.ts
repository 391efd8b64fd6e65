// Where a subscriber stands in a log. Opaque to applications; compared by equality, never by arithmetic outside the log.

/**
 * A place in one channel's log: behind the entry with this offset and tag.
 * `epoch` names the log's identity, `offset` rises, `tag` is drawn at random per entry, so that two branches of a
 * log that share epoch and offset are still told apart.
 */
export interface Pos {
  /** 1…16 characters of `[A-Za-z0-9_-]`. */
  readonly epoch: string;
  /** Safe integer ≥ 0. */
  readonly offset: number;
  /** u32. Entries draw 2…2^32−1; 1 marks a place without an entry (root or floor); 0 is never sent. */
  readonly tag: number;
}

/** A position on the wire: `[epoch, offset, tag]`. */
export type WirePos = readonly [epoch: string, offset: number, tag: number];

/** Tag of a place without an entry: the root of a log, or the floor below its oldest retained entry. */
export const rootTag = 1;

/** Smallest tag an entry may draw. */
export const entryTagMin = 2;

const epochShape = /^[A-Za-z0-9_-]{1,16}$/;

export const toWirePos = (pos: Pos): WirePos => [pos.epoch, pos.offset, pos.tag];

export const fromWirePos = ([epoch, offset, tag]: WirePos): Pos => ({ epoch, offset, tag });

export const samePos = (a: Pos, b: Pos): boolean => a.offset === b.offset && a.tag === b.tag && a.epoch === b.epoch;

/** The root of a dense log: the position before its first entry. */
export const rootOf = (epoch: string): Pos => ({ epoch, offset: 0, tag: rootTag });

/** Whether `value` has the shape of a position. Tag 0 passes the shape: the server answers it with `bad_request`. */
export function isWirePos(value: unknown): value is WirePos {
  return (
    Array.isArray(value) &&
    value.length === 3 &&
    typeof value[0] === "string" &&
    epochShape.test(value[0]) &&
    Number.isSafeInteger(value[1]) &&
    (value[1] as number) >= 0 &&
    isU32(value[2])
  );
}

export const isU32 = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
