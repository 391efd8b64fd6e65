import { describe, expect, it } from "vitest";
import { canFollow, channelTransitions, type ChannelState } from "./states.ts";

const states: ChannelState[] = ["idle", "asking", "receiving", "held", "parked", "rejoining", "ended"];
/** For each state, whether each of `states` may follow it. */
const rows: [ChannelState, (0 | 1)[]][] = [
  ["idle", [0, 1, 0, 0, 0, 0, 0]],
  ["asking", [1, 0, 1, 1, 1, 1, 1]],
  ["receiving", [1, 1, 0, 1, 1, 1, 1]],
  ["held", [1, 1, 1, 0, 1, 1, 1]],
  ["parked", [1, 1, 0, 0, 0, 0, 0]],
  ["rejoining", [1, 1, 0, 0, 1, 0, 0]],
  ["ended", [1, 1, 0, 0, 0, 0, 0]],
];

describe("a channel's states", () => {
  it.each(rows)("may follow %s where they should, in every cell", (state, cells) => {
    expect(states.map((next) => Number(canFollow(next, state)))).toEqual(cells);
  });

  it("are all in the table", () => {
    expect(Object.keys(channelTransitions)).toEqual(states);
    expect(rows.map(([state]) => state)).toEqual(states);
  });
});
