// Subscribers over HTTP: each holds a stream, or a poll and after it the next, from where that one stood.

import { countDeliveries, startsWith } from "../lib/deliveries.mjs";
import { answerMeter } from "../lib/meter.mjs";
import { openMany } from "../lib/raw-client.mjs";
import { openRawHttp } from "../lib/raw-http-client.mjs";

const { port, path, greeting, marker, how, count } = JSON.parse(process.argv[2]);
/** Time for what follows the greetings. Milliseconds. */
const settleMs = 500;

const before = how === "stream" ? "data: " : "";
const wanted = Buffer.from(`${before}${marker}`);
const welcome = Buffer.from(`${before}{"t":"welcome"`);
const live = Buffer.from(`${before}{"t":"live"`);
const delivered = countDeliveries();

answerMeter();
process.on("disconnect", () => process.exit());
await openMany(count, subscribe);
setTimeout(() => process.send({ is: "connected" }), settleMs);

function subscribe(index, opened) {
  const hello = JSON.parse(greeting[0].replace("#", String(index).padStart(6, "0")));
  let isOpen = false;
  const post = openRawHttp(port, {
    onLine(bytes, start, end) {
      if (startsWith(bytes, start, end, wanted)) return delivered();
      if (startsWith(bytes, start, end, live)) {
        const { p } = JSON.parse(bytes.toString("utf8", start + before.length, end));
        hello.subs[0].at = ["pos", ...p];
      } else if (!isOpen && startsWith(bytes, start, end, welcome)) {
        isOpen = true;
        opened();
      }
    },
    onAnswer: () => (how === "poll" ? ask() : fail(`stream ${index} ended`)),
    onEnd: (error) => fail(`client ${index}: ${error.message}`),
  });
  const ask = () => post(`${path}/${how}`, JSON.stringify(hello));
  ask();
}

function fail(text) {
  console.error(`driver: ${text}`);
  process.exit(1);
}
