// Where it has none: Node 20.

import { systemClock, systemRandom } from "@heddle/base/system";
import { nodeWebSocket } from "@heddle/client";
import { chat } from "./chat.ts";

chat((url) => nodeWebSocket(url, { clock: systemClock(), random: systemRandom() }));
