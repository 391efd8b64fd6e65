// What a snapshot hook may return: the state alone, or the state and the position it includes.

import { fromWirePos, isWirePos, type WirePos } from "@heddle/protocol";
import { OptionError } from "@heddle/base";
import type { Snapshot } from "@heddle/hub/ports";

/** A state that says which entries it includes. */
export class PositionedState<T> {
  readonly state: T;
  readonly position: WirePos;

  constructor(state: T, position: WirePos) {
    this.state = state;
    this.position = position;
  }
}

/**
 * Says that `state` includes everything up to `position`, so that the stream goes on exactly behind it. Without it a
 * joiner may be sent entries the state already includes.
 *
 * @param position  of this channel: from the hook's argument, a publish, or an event of `history`
 */
export function stateAt<T>(position: WirePos, state: T): PositionedState<T> {
  if (!isWirePos(position)) throw new OptionError("position", position, "a position of this channel");
  return new PositionedState(state, position);
}

/** A hook's result for the hub. */
export function stateOf(result: unknown): Snapshot {
  if (!(result instanceof PositionedState)) return { json: JSON.stringify(result) ?? "null" };
  return { json: JSON.stringify(result.state) ?? "null", position: fromWirePos(result.position) };
}
