// The part all servers under test share: publish at a fixed rate when told, and say what it cost this process.

const settleMs = 400;

/**
 * Serves the benchmark's commands in a server process.
 *
 * @param publish   publishes one message to every subscriber
 * @param ready     what the orchestrator must know: port, path, greeting frames, what counts as a delivery
 */
export function servePublishing(publish, ready) {
  process.on("message", async ({ burst, perSecond, seconds }) => {
    const everyMs = (1_000 * burst) / perSecond;
    const turns = Math.round((seconds * 1_000) / everyMs);
    const before = process.cpuUsage();
    const startMs = performance.now();
    for (let turn = 0; turn < turns; turn++) {
      const waitMs = startMs + turn * everyMs - performance.now();
      // Never two bursts in one turn, however late this process is.
      await new Promise((resolve) => (waitMs > 0 ? setTimeout(resolve, waitMs) : setImmediate(resolve)));
      for (let count = 0; count < burst; count++) publish();
    }
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    const { user, system } = process.cpuUsage(before);
    process.send({
      is: "done",
      publishes: turns * burst,
      userUs: user,
      systemUs: system,
      rssBytes: process.memoryUsage.rss(),
    });
  });
  process.send({ is: "ready", ...ready });
}

/** 64 bytes. */
export const text64 = "x".repeat(64);
