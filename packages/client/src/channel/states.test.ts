import { describe, expect, it } from "vitest";
import { channelTransitions, type ChannelState, type ChannelTrigger } from "./states.ts";

const none = undefined;
const triggers: ChannelTrigger[] = ["ask", "subscribed", "gapped", "settled", "overflow", "lost", "refused", "leave"];
const rows: [ChannelState, (ChannelState | undefined)[]][] = [
  ["idle", ["asking", none, none, none, none, none, none, none]],
  ["asking", [none, "receiving", none, none, "parked", "rejoining", "ended", "idle"]],
  ["receiving", ["asking", none, "held", none, "parked", "rejoining", "ended", "idle"]],
  ["held", ["asking", none, none, "receiving", "parked", "rejoining", "ended", "idle"]],
  ["parked", ["asking", none, none, none, none, none, none, "idle"]],
  ["rejoining", ["asking", none, none, none, "parked", none, none, "idle"]],
  ["ended", ["asking", none, none, none, none, none, none, "idle"]],
];

describe("a channel's states", () => {
  it.each(rows)("lead from %s where they should, in every cell", (state, targets) => {
    expect(triggers.map((trigger) => channelTransitions[state][trigger])).toEqual(targets);
  });

  it("are all in the table", () => {
    expect(Object.keys(channelTransitions)).toEqual(rows.map(([state]) => state));
  });
});
