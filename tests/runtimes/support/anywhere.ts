// Where the platform has a WebSocket.

import { browserWebSocket } from "@heddle/client/core";
import { chat } from "./chat.ts";

chat(browserWebSocket);
