// What does it cost a server to take a connection in and to let it go?

import { contest } from "../lib/contest.mjs";
import { costTable, setUps } from "../lib/tables.mjs";

export const title =
  "opening handshakes, 50 under way, each connection reset once it is open: the WebSocket layer alone";
export const contenders = ["websocket", "ws", "uws"];

const cases = [{ name: "handshake" }];

export async function run(names, { rounds, seconds, log }) {
  const results = await contest({
    names,
    driver: "handshakes",
    driverArgs: { atOnce: 50 },
    cases,
    measure: (contender) =>
      contender.cost(async ({ driver }) => {
        driver.send({ is: "shake", seconds });
        const { handshakes, tookMs } = await driver.next("shaken");
        return { count: handshakes, tookMs };
      }),
    rounds,
    unit: "µs per handshake",
    log,
  });
  return { results, tables: [costTable("handshake", "handshake", names[0], results)], notes: setUps(results) };
}
