// What `npm start` runs: serves until Ctrl-C, then ends; told by SIGTERM, as deploys do, it first lets its clients move on.

import { startPlayground, type Running } from "./playground.ts";
import { readSettings, StartError } from "./settings.ts";

/** Closing may take this long; then the process ends anyway. Milliseconds. */
const stopMs = 1_800;

async function main(): Promise<void> {
  let running: Running;
  let drainMs: number;
  try {
    const settings = readSettings(process.env);
    running = await startPlayground(settings);
    drainMs = settings.drainS * 1_000;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
    return;
  }
  process.stdout.write(
    `\n  Heddle playground   ${running.url}\n  Sign in             with any name; a second window is a second person\n  Stop                Ctrl-C\n${running.notes.map((note) => `  Note                ${note}\n`).join("")}\n`,
  );
  let isStopping = false;
  const stop = (): void => {
    if (isStopping) return;
    isStopping = true;
    endBy(running.close(), stopMs);
  };
  let isDraining = false;
  const drain = (): void => {
    if (isDraining) return stop(); // told twice: now
    isDraining = true;
    endBy(running.drain(drainMs), drainMs + stopMs);
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", drain);
}

/** Ends the process when `ended` is, or after this time. */
function endBy(ended: Promise<void>, withinMs: number): void {
  setTimeout(() => process.exit(0), withinMs).unref();
  ended.then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`The playground did not close cleanly: ${String(error)}\n`);
      process.exit(1);
    },
  );
}

await main();
