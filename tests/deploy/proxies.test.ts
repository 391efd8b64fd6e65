// What stands between clients and nodes in the wild, each before three nodes at work: the default client's ladder finds a way
// through, and the checker judges what came.

import { systemClock, systemRandom } from "@heddle/base/system";
import { nodeWebSocket } from "@heddle/client";
import { firstThatWorks, httpPoll, httpStream, type Ladder } from "@heddle/client/http";
import { TcpProxy } from "@heddle/testkit/process";
import { describe, expect, it } from "vitest";
import { Balancer, type BalancerOptions } from "./support/balancer.ts";
import { spendDay } from "./support/crowd.ts";
import { MemoryFleet } from "./support/fleet.ts";
import { pause } from "./support/wait.ts";

const clientCount = 6;
const workMs = 6_000;

interface Way {
  readonly url: string;
  end(): Promise<unknown>;
}

const behind =
  (options: Omit<BalancerOptions, "ports">) =>
  async (ports: readonly number[]): Promise<Way> => {
    const balancer = await Balancer.start({ ...options, ports });
    return { url: balancer.httpUrl, end: () => balancer[Symbol.asyncDispose]() };
  };

/** As nginx is set up by whoever has not heard of WebSockets. */
const noUpgrades = [
  ["proxy_http_version 1.1;", ""],
  ["proxy_set_header Upgrade $http_upgrade;", ""],
  ["proxy_set_header Connection $connection_upgrade;", 'proxy_set_header Connection "";'],
] as const;
/** Holds back what comes until a buffer is full, whatever the server says of it; before nodes that are asked in HTTP/1.0, it does. */
const hoarding = [
  [
    "location / {",
    "location / { proxy_buffering on; proxy_ignore_headers X-Accel-Buffering; proxy_buffers 16 32k; proxy_buffer_size 32k;",
  ],
] as const;

const places = {
  "nginx without upgrades": { way: behind({ kind: "nginx", edits: noUpgrades }), by: /^stream$/, isSlow: false },
  "nginx without upgrades that buffers whatever it is told": {
    way: behind({ kind: "nginx", edits: [...hoarding, ...noUpgrades] }),
    by: /^poll$/,
    isSlow: false,
  },
  "HAProxy that cuts what is silent for three seconds": {
    way: behind({ kind: "haproxy", idleS: 3 }),
    by: /^websocket$/,
    isSlow: false,
  },
  "a network of 40 kB a second and a fifth of a second each way": {
    way: slowNetwork,
    by: /^(websocket|stream)$/,
    isSlow: true,
  },
} as const;

async function slowNetwork(ports: readonly number[]): Promise<Way> {
  const balancer = await Balancer.start({ kind: "nginx", ports });
  const line = await TcpProxy.open({ port: Number(new URL(balancer.httpUrl).port) });
  for (const way of ["up", "down"] as const) line.setWeather(way, { delayMs: 200, jitterMs: 50, bytesPerS: 40_000 });
  const end = async (): Promise<void> => {
    await line[Symbol.asyncDispose]();
    await balancer[Symbol.asyncDispose]();
  };
  return { url: `http://127.0.0.1:${line.port}/realtime`, end };
}

describe.each(Object.entries(places))("behind %s", (_name, { way, by, isSlow }) => {
  it(`clients come through by ${by.source.replaceAll(/[^a-z|]/g, "")}, and nothing is lost or repeated`, async () => {
    const ladders: Ladder[] = [];
    const { problems, counts } = await spendDay({
      ...{ seed: 11, clientCount },
      fleet: (options) => MemoryFleet.start(options),
      async arrive({ ports }) {
        const { url, end } = await way(ports);
        const transport = (): Ladder => {
          const socket = nodeWebSocket(url.replace("http", "ws"), { clock: systemClock(), random: systemRandom() });
          const ladder = firstThatWorks([socket, httpStream(url), httpPoll(url)]);
          ladders.push(ladder);
          return ladder;
        };
        return { transport, end };
      },
      during(_fleet, _clients, recorder) {
        if (isSlow) recorder.fault("slow-network", "everybody"); // and channels keep as few as ten entries
        return pause(workMs);
      },
    });
    expect(problems).toEqual([]);
    for (const { name } of ladders) expect(name).toMatch(by);
    expect(counts["deliveries"]).toBeGreaterThan(40);
    expect(Object.keys(counts).filter((name) => name.startsWith("gap epoch"))).toEqual([]);
  });
});
