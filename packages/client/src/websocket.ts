// Entry `@heddle/client/websocket`: the smallest client, over WebSocket alone. Presence, history and the server's questions
// are functions of their own here.

import type { Contract } from "@heddle/protocol/contract";
import { clientOn, type ClientOptions, type TypedBareClient } from "./client.ts";
import { createBareClient } from "./client-core.ts";
import { browserLifecycle } from "./connection/lifecycle.ts";
import { browserWebSocket } from "./transport/browser-websocket.ts";

export * from "./api.ts";
export type { TypedBareClient as Client } from "./client.ts";
export type { TypedBareChannel as TypedChannel } from "./typed-channel.ts";
export { historyOf, historyPageOf, onAsk, onBytes, presenceOf, publishBytes } from "./optional.ts";
export { inPieces } from "./transport/in-pieces.ts";
export { browserWebSocket };

/**
 * Makes a client. It connects when it is first used.
 *
 * @throws {LocalError} `option-invalid`, naming field, value and range
 */
export const createClient = <C extends Contract>(options: ClientOptions): TypedBareClient<C> =>
  clientOn(options, createBareClient, browserWebSocket, { lifecycle: browserLifecycle });
