// Clients that shake hands and go, a fixed number at a time.

import { answerDrive } from "../lib/answer-drive.mjs";
import { answerMeter } from "../lib/meter.mjs";
import { openRawClient } from "../lib/raw-client.mjs";

const { port, path, atOnce } = JSON.parse(process.argv[2]);
const ignore = () => undefined;
const run = answerDrive(() => {
  for (let index = 0; index < atOnce; index++) comeAndGo();
});

answerMeter();
process.on("disconnect", () => process.exit());
process.send({ is: "connected" });

function comeAndGo() {
  run.underWay++;
  openRawClient(
    { port, path },
    (socket) => {
      run.count++;
      socket.resetAndDestroy(); // leaves no port in TIME_WAIT
      return ignore;
    },
    (error) => {
      run.underWay--;
      if (error !== undefined) {
        console.error(`handshake driver: ${error.message}`);
        process.exit(1);
      }
      if (run.isOn) comeAndGo();
    },
  );
}
