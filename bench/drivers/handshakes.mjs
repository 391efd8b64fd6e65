// Clients that shake hands and go, a fixed number at a time.

import { answerMeter } from "../lib/meter.mjs";
import { openRawClient } from "../lib/raw-client.mjs";

const { port, path, atOnce } = JSON.parse(process.argv[2]);
const ignore = () => undefined;
const run = { isOn: false, handshakes: 0, openCount: 0 };

answerMeter();
process.on("disconnect", () => process.exit());
process.on("message", async ({ is, seconds }) => {
  if (is !== "shake") return;
  run.handshakes = 0;
  run.isOn = true;
  for (let index = 0; index < atOnce; index++) comeAndGo();
  const startMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  run.isOn = false;
  const tookMs = performance.now() - startMs;
  while (run.openCount > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  process.send({ is: "shaken", handshakes: run.handshakes, tookMs });
});
process.send({ is: "connected" });

function comeAndGo() {
  run.openCount++;
  openRawClient(
    { port, path },
    (socket) => {
      run.handshakes++;
      socket.resetAndDestroy(); // leaves no port in TIME_WAIT
      return ignore;
    },
    (error) => {
      run.openCount--;
      if (error !== undefined) {
        console.error(`handshake driver: ${error.message}`);
        process.exit(1);
      }
      if (run.isOn) comeAndGo();
    },
  );
}
