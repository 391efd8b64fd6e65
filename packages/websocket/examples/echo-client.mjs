// A client that sends every message of a server back, as it came, until the server closes. Ctrl-C closes.
//
//   MAX_MESSAGE=16777216 MAX_FRAGMENTS=1000000 DEFLATE=1 node echo-client.mjs ws://127.0.0.1:9001/
import { systemClock, systemRandom } from "@heddle/base/system";
import { dial } from "@heddle/websocket";
import { settings } from "./settings.mjs";

const [url] = process.argv.slice(2);
if (url === undefined) throw new Error("usage: node echo-client.mjs URL");

const connection = await dial(url, { ...settings, clock: systemClock(), random: systemRandom() });
connection.start({
  onText: (text) => void connection.sendText(text),
  onBinary: (bytes) => void connection.sendBinary(bytes),
  onClose: (code, reason) => console.log(`closed: ${code} ${reason}`.trimEnd()),
});
process.once("SIGINT", () => connection.close(1001, "interrupted"));
