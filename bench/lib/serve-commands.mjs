// The part all servers under test share: say where they listen, answer the meter, and publish when told.

import { answerMeter } from "./meter.mjs";

/** What is still on its way when the last publish was made arrives within this. Milliseconds. */
const settleMs = 400;

/** 64 bytes. */
export const text64 = "x".repeat(64);

/** A JSON text of 1 KiB that compresses as such texts do. */
export const json1k = JSON.stringify({
  rows: Array.from({ length: 13 }, (_, row) => ({
    id: 1_000 + row * 7,
    symbol: `SYM${row}`,
    price: 100 + row / 8,
    side: row % 2 ? "buy" : "sell",
  })),
})
  .padEnd(1_024, " ")
  .slice(0, 1_024);

/**
 * Serves the benchmark's commands in a server process.
 *
 * @param publish  publishes one message to every subscriber
 * @param ready    what the others must know: port, path, greeting, what counts as a delivery, the set-up in words
 */
export function serveCommands(publish, ready) {
  const seen = { publishes: 0, tell: () => undefined };

  answerMeter();
  process.on("disconnect", () => process.exit());
  process.on("message", async (message) => {
    if (message.is === "seen") {
      seen.publishes = message.publishes;
      return seen.tell();
    }
    if (message.is !== "run") return;
    seen.publishes = 0;
    const { burst, seconds, turnsAhead } = message;
    const startMs = performance.now();
    const publishes =
      turnsAhead === undefined
        ? await atRate(message)
        : await asFastAsTaken(burst, startMs + seconds * 1_000, turnsAhead * burst);
    const tookMs = performance.now() - startMs;
    await pause(settleMs);
    process.send({ is: "done", publishes, tookMs });
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
    while (seen.publishes < publishes) await new Promise((resolve) => (seen.tell = resolve));
    return publishes;
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Two checks of the event loop: what the turn before queued for its end has left, however late this process is. */
async function nextTurn() {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}
