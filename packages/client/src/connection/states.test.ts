import { describe, expect, it } from "vitest";
import { connectionTransitions, type ConnectionState, type ConnectionTrigger } from "./states.ts";

const none = undefined;
const triggers: ConnectionTrigger[] = ["connect", "opened", "welcomed", "lost", "retry", "end"];
const rows: [ConnectionState, (ConnectionState | undefined)[]][] = [
  ["idle", ["connecting", none, none, none, none, "closed"]],
  ["connecting", [none, "greeting", none, "waiting", none, "closed"]],
  ["greeting", [none, none, "online", "waiting", none, "closed"]],
  ["online", [none, none, none, "waiting", none, "closed"]],
  ["waiting", [none, none, none, none, "connecting", "closed"]],
  ["closed", [none, none, none, none, none, none]],
];

describe("a connection's states", () => {
  it.each(rows)("lead from %s where they should, in every cell", (state, targets) => {
    expect(triggers.map((trigger) => connectionTransitions[state][trigger])).toEqual(targets);
  });

  it("are all in the table", () => {
    expect(Object.keys(connectionTransitions)).toEqual(rows.map(([state]) => state));
  });
});
