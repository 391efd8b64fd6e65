import { describe, expect, it } from "vitest";
import { connectionTransitions, type ConnectionState } from "./states.ts";

const states: ConnectionState[] = ["idle", "connecting", "greeting", "online", "waiting", "closed"];
/** For each state, whether each of `states` may follow it. */
const rows: [ConnectionState, (0 | 1)[]][] = [
  ["idle", [0, 1, 0, 0, 0, 1]],
  ["connecting", [0, 0, 1, 0, 1, 1]],
  ["greeting", [0, 0, 0, 1, 1, 1]],
  ["online", [0, 0, 0, 0, 1, 1]],
  ["waiting", [0, 1, 0, 0, 0, 1]],
  ["closed", [0, 0, 0, 0, 0, 0]],
];

describe("a connection's states", () => {
  it.each(rows)("may follow %s where they should, in every cell", (state, cells) => {
    expect(states.map((next) => Number(connectionTransitions[state].includes(next)))).toEqual(cells);
  });

  it("are all in the table", () => {
    expect(Object.keys(connectionTransitions)).toEqual(states);
    expect(rows.map(([state]) => state)).toEqual(states);
  });
});
