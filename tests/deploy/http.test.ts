// Clients without WebSockets, or with one transport after another. What every client saw goes through the checker, as in the
// simulation.

import { systemClock, systemRandom } from "@heddle/base/system";
import { nodeWebSocket } from "@heddle/client";
import type { Transport } from "@heddle/client/core";
import { httpPoll, httpStream } from "@heddle/client/http";
import { TcpProxy } from "@heddle/testkit/process";
import { describe, expect, it } from "vitest";
import { Balancer } from "./support/balancer.ts";
import { spendDay } from "./support/crowd.ts";
import { MemoryFleet } from "./support/fleet.ts";
import { Switching } from "./support/switching.ts";
import { pause, until } from "./support/wait.ts";

const clientCount = 9;
const workMs = 8_000;
const roundRobin = [["least_conn;", ""]] as const;
const ways = { stream: httpStream, poll: httpPoll };

/** Every request goes to whichever node comes next, and the way there breaks when the test says so. */
async function turnstile(ports: readonly number[]) {
  const balancer = await Balancer.start({ kind: "nginx", ports, edits: roundRobin });
  const line = await TcpProxy.open({ port: Number(new URL(balancer.url).port) });
  const end = async (): Promise<void> => {
    await line[Symbol.asyncDispose]();
    await balancer[Symbol.asyncDispose]();
  };
  return { line, end, address: `127.0.0.1:${line.port}/realtime` };
}

describe("socketio/socket.io#3044: round robin over three nodes, without affinity", () => {
  it.each([
    ["stream", 5],
    ["poll", 6],
  ] as const)("→ by %s nothing is lost or repeated, though lines break and nodes are replaced", async (how, seed) => {
    let line: TcpProxy | undefined;
    const { problems, counts } = await spendDay({
      ...{ seed, clientCount },
      fleet: (options) => MemoryFleet.start(options),
      async arrive({ ports }) {
        const { address, end, ...way } = await turnstile(ports);
        line = way.line;
        return { transport: () => ways[how](`http://${address}`), end };
      },
      async during(fleet, _clients, recorder) {
        for (let turn = 1; turn <= 10; turn++) {
          await pause(workMs / 10);
          recorder.fault("cut", "everybody");
          if (turn === 5) await fleet.replaceOldest();
          if (turn % 2 === 0) line?.reset();
          else line?.cutAfter("down", 1_000 * turn);
        }
        line?.calm();
      },
    });
    expect(problems).toEqual([]);
    expect(Object.keys(counts).filter((name) => name.startsWith("gap epoch"))).toEqual([]);
    expect(counts["deliveries"]).toBeGreaterThan(200);
    expect(counts["reconnects"]).toBeGreaterThan(2 * clientCount);
  });
});

describe("a client that changes its transport in mid-traffic", () => {
  it("loses and repeats nothing: WebSocket, stream, poll, and back up", async () => {
    const switches: Switching[] = [];
    const { problems, counts } = await spendDay({
      ...{ seed: 7, clientCount },
      fleet: (options) => MemoryFleet.start(options),
      async arrive({ ports }) {
        const { address, end } = await turnstile(ports);
        const [clock, random] = [systemClock(), systemRandom()];
        const transports: readonly Transport[] = [
          nodeWebSocket(`ws://${address}`, { clock, random }),
          httpStream(`http://${address}`),
          httpPoll(`http://${address}`),
        ];
        const transport = (): Transport => {
          const made = new Switching(transports);
          switches.push(made);
          return made;
        };
        return { transport, end };
      },
      async during(_fleet, _clients, recorder) {
        for (let turn = 0; turn < 3 * clientCount; turn++) {
          const client = switches[turn % clientCount] as Switching;
          await until(() => client.opened.length > client.switchCount, "the transport before");
          recorder.fault("cut", `c${turn % clientCount}`);
          client.next();
          await pause(workMs / (3 * clientCount));
        }
      },
    });
    expect(problems).toEqual([]);
    expect(Object.keys(counts).filter((name) => name.startsWith("gap epoch"))).toEqual([]);
    expect(counts["deliveries"]).toBeGreaterThan(200);
    for (const { opened } of switches) expect(opened.slice(0, 4)).toEqual(["websocket", "stream", "poll", "websocket"]);
  });
});
