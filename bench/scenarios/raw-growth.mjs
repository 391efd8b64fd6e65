// Does a delivery cost the same however many connections there are?

import { runFanout } from "../lib/fanout.mjs";

export const title = "fan-out to 1 000, 5 000 and 18 000 subscribers, 64-byte messages: the WebSocket layer alone";
export const contenders = ["websocket", "ws", "uws"];

export async function run(names, options) {
  const outcomes = [];
  for (const subscribers of [1_000, 5_000, 18_000]) {
    options.log(`${subscribers} subscribers`);
    const cases = [{ name: `${subscribers} subscribers, one publish per turn, saturated`, burst: 1, turnsAhead: 4 }];
    outcomes.push(await runFanout(names, options, { subscribers, cases }));
  }
  return {
    results: outcomes.flatMap(({ results }) => results),
    tables: outcomes.flatMap(({ tables }) => tables),
    notes: outcomes[0].notes,
  };
}
