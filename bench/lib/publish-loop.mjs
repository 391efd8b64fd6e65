// The part all servers under test share: publish when told, as fast as told, and say what it cost this process.

/** What is still on its way when the last publish was made arrives within this. Milliseconds. */
const settleMs = 400;

/** 64 bytes. */
export const text64 = "x".repeat(64);

/**
 * Serves the benchmark's commands in a server process.
 *
 * @param publish  publishes one message to every subscriber
 * @param ready    what the others must know: port, path, greeting, what counts as a delivery, the set-up in words
 */
export function servePublishing(publish, ready) {
  const seen = { publishes: 0, tell: () => undefined };

  process.on("disconnect", () => process.exit());
  process.on("message", async (message) => {
    if (message.is === "seen") {
      seen.publishes = message.publishes;
      return seen.tell();
    }
    seen.publishes = 0;
    const { burst, seconds } = message;
    const before = process.cpuUsage();
    const startMs = performance.now();
    const publishes =
      message.turnsAhead === undefined
        ? await atRate(message)
        : await asFastAsTaken(burst, startMs + seconds * 1_000, message.turnsAhead * burst);
    const tookMs = performance.now() - startMs;
    await pause(settleMs);
    const { user, system } = process.cpuUsage(before);
    const rssBytes = process.memoryUsage.rss();
    process.send({ is: "done", publishes, tookMs, userUs: user, systemUs: system, rssBytes });
  });
  process.send({ is: "ready", ...ready });

  /** @returns how many publishes were made */
  async function atRate({ burst, perSecond, seconds }) {
    const startMs = performance.now();
    const everyMs = (1_000 * burst) / perSecond;
    const turns = Math.round((seconds * 1_000) / everyMs);
    for (let turn = 0; turn < turns; turn++) {
      const waitMs = startMs + turn * everyMs - performance.now();
      if (waitMs > 0) await pause(waitMs);
      await nextTurn();
      for (let count = 0; count < burst; count++) publish();
    }
    await pause(startMs + turns * everyMs - performance.now());
    return turns * burst;
  }

  /** Publishes until `endMs`, at most `ahead` publishes beyond what the subscribers have. */
  async function asFastAsTaken(burst, endMs, ahead) {
    let publishes = 0;
    while (performance.now() < endMs) {
      while (publishes + burst > seen.publishes + ahead) await new Promise((resolve) => (seen.tell = resolve));
      await nextTurn();
      for (let count = 0; count < burst; count++) publish();
      publishes += burst;
    }
    return publishes;
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Two checks of the event loop: what the turn before queued for its end has left, however late this process is. */
async function nextTurn() {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}
