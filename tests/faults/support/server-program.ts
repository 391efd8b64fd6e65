// The server under fault: the public parts, an application of the simulation's channels, and a record of what is stored.
// SIGTERM drains it.

import { join } from "node:path";
import { systemRandom } from "@heddle/base/system";
import { createServer, refuse } from "@heddle/server";
import { SeededRandom } from "@heddle/base/fakes";
import { channelKinds, isForbidden } from "@heddle/testkit/simulation";
import { contract, readerName } from "./contract.ts";
import { engineCase } from "./engines.ts";
import { FileRecorder, machineClock, replaceFile } from "./history-file.ts";
import { belong, configuration, tell, type ServerConfig } from "./programs.ts";
import { recordingEngine } from "./recording-engine.ts";

belong();
const config = await configuration<ServerConfig>();
const { folder, name } = config;
const recorder = new FileRecorder(folder, name);
const random = new SeededRandom(config.seed);
const clock = machineClock();
const countsEveryMs = 200;

/** Hooks that take their time, sometimes. */
async function pause(share: number, mostMs: number): Promise<void> {
  if (random.chance(share)) await new Promise<void>((resolve) => void clock.after(random.float() * mostMs, resolve));
}

const server = createServer({
  ...{ contract, clock, random: systemRandom(), secret: "the same over all restarts of the server" },
  engine: recordingEngine(engineCase(config.engine).open(config.store), recorder),
  // Small, so that a run reaches them. Nobody is revoked here; a busy machine must not keep clients out for long.
  limits: { pingMs: 2_000, queueBytes: 32_768, ringCount: 40, lingerMs: 1_000, revocationStaleMs: 5_000 },
  auth: (token = "") => {
    const [user = "", expiry] = token.split(" ");
    return user === "" || Number(expiry) <= Date.now() ? null : { user, expiresAtMs: Number(expiry) };
  },
});
for (const key of Object.keys(channelKinds) as (keyof typeof contract.channels)[]) {
  const channel = server.channel(key);
  channel.authorize(async ({ user, channel: ch, action }) => {
    await pause(0.2, 20);
    return user.id === readerName || !isForbidden(ch, action);
  });
  channel.on("message", async (message) => {
    await pause(0.2, 20);
    if (message.isBad) refuse("bad", [{ path: ["isBad"], message: "must not be" }]);
    return { ...message, at: clock.monotonicMs() };
  });
  const { snapshot } = channelKinds[key] ?? {};
  if (snapshot === "shared") channel.snapshot(() => ({ user: "" }));
  if (snapshot === "per-user") channel.snapshot.perUser(({ user }) => ({ user: user.id }));
}
server.call("add", async (got) => {
  await pause(0.5, 100);
  return { got };
});
server.call("count", async function* (to) {
  for (let n = 1; n <= to; n++) {
    await pause(0.1, 25);
    yield { n, pad: "x".repeat((n * 97) % 1_000) };
  }
});
server.call("charge", async (got, { idempotencyKey = "" }) => {
  recorder.record({ f: "executed", node: name, key: idempotencyKey });
  await pause(0.5, 100);
  return { got };
});

const { port } = await server.listen({ port: config.port, host: "127.0.0.1" });
const counts = setInterval(() => {
  const { counters } = server.stats();
  replaceFile(join(folder, `${name}.counts`), { ...counters, rssBytes: process.memoryUsage.rss() });
}, countsEveryMs);
process.on("SIGTERM", () => {
  clearInterval(counts);
  void server.close({ spreadMs: 300 }).then(() => process.exit(0));
});
process.on("message", () => {
  const { connections, channels } = server.stats();
  tell({ is: "left", left: { connections, channels } });
});
tell({ is: "listening", port });
