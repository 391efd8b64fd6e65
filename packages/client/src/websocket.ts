// Entry `@heddle/client/websocket`: the smallest client, over WebSocket alone.

import type { Contract } from "@heddle/protocol/contract";
import { clientOn, type Client, type ClientOptions } from "./client.ts";
import { browserLifecycle } from "./connection/lifecycle.ts";
import { browserWebSocket } from "./transport/browser-websocket.ts";

export * from "./api.ts";
export { browserWebSocket };

/**
 * Makes a client. It connects when it is first used.
 *
 * @throws {LocalError} `option-invalid`, naming field, value and range
 */
export const createClient = <C extends Contract>(options: ClientOptions): Client<C> =>
  clientOn<C>(options, browserWebSocket, browserLifecycle);
