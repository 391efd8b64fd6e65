// A server of the feed: many such share one Redis. It is loaded, waits to be told its port, and asks a user's clients when
// it is told to.

import { systemClock, systemRandom } from "@heddle/base/system";
import { redis } from "@heddle/engine-redis";
import { createServer } from "@heddle/server";
import { belong, configuration, tell } from "../programs.ts";
import { feedContract } from "./contract.ts";

export interface FeedNodeConfig {
  readonly name: string;
  /** 0: any. */
  readonly port: number;
  readonly url: string;
}

/** A question may wait this long for clients, and a second more for nodes. */
const askMs = 2_000;

belong();
const { name, port, url } = await configuration<FeedNodeConfig>();
const server = createServer({
  ...{ contract: feedContract, clock: systemClock(), random: systemRandom() },
  secret: "equal on all nodes, and over their restarts",
  engine: redis({ url, node: name, limits: { connectMs: 20_000, answerMs: 20_000, retryMaxMs: 1_000 } }),
  auth: (token) => (token ? { user: token } : null),
  limits: { framesPerSecond: 20_000, framesBurst: 20_000, userFramesPerSecond: 20_000, userFramesBurst: 20_000 },
});
server.channel("feed").authorize(() => true);
process.on("message", () => void ask());
tell({ is: "listening", port: (await server.listen({ port, host: "127.0.0.1" })).port });

async function ask(): Promise<void> {
  const beganMs = performance.now();
  const { answers, missing } = await server.user("asked").ask("where", {}, { timeoutMs: askMs });
  const tookMs = performance.now() - beganMs;
  tell({ is: "asked", answers: answers.map(({ value }) => value.at), missing, tookMs });
}
