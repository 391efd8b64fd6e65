// What `npm start` runs: serves until Ctrl-C, then drains and ends.

import { startPlayground, type Running } from "./playground.ts";
import { readSettings, StartError } from "./settings.ts";

/** Draining and closing may take this long; then the process ends anyway. */
const stopMs = 1_800;

async function main(): Promise<void> {
  let running: Running;
  try {
    running = await startPlayground(readSettings(process.env));
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
    return;
  }
  process.stdout.write(
    `\n  Heddle playground   ${running.url}\n  Sign in             with any name; a second window is a second person\n  Stop                Ctrl-C\n\n`,
  );
  let isStopping = false;
  const stop = (): void => {
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => process.exit(0), stopMs).unref();
    running.close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`The playground did not close cleanly: ${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
}

await main();
