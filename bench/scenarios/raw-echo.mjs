// What does it cost a server to read a small message and write it back?

import { contest } from "../lib/contest.mjs";
import { costTable, setUps } from "../lib/tables.mjs";

export const title = "echo, 100 connections with one 64-byte message under way each: the WebSocket layer alone";
export const contenders = ["websocket", "ws", "uws"];

const cases = [{ name: "echo" }];

export async function run(names, { rounds, seconds, log }) {
  const results = await contest({
    names,
    driver: "echo",
    driverArgs: { count: 100, sizeBytes: 64 },
    cases,
    measure: (contender) =>
      contender.cost(async ({ driver }) => {
        driver.send({ is: "echo", seconds });
        const { messages, tookMs } = await driver.next("echoed");
        return { count: messages, tookMs };
      }),
    rounds,
    unit: "µs per message",
    log,
  });
  return { results, tables: [costTable("echo", "message", names[0], results)], notes: setUps(results) };
}
