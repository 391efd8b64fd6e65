// undici's WebSocket, which is Node's own: `undici-peer.ts client URL`.

import { converse } from "./web-dialogue.ts";

const [, url = ""] = process.argv.slice(2);
console.log(JSON.stringify(await converse(url)));
