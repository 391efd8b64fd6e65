// Entry `@heddle/client/websocket` in Node: the same names as in a browser.

import { systemRandom } from "@heddle/base/system";
import type { Contract } from "@heddle/protocol/contract";
import { clientOn, type ClientOptions, type TypedBareClient } from "./client.ts";
import { createBareClient } from "./client-core.ts";
import { nodeWebSocket } from "./node-websocket.ts";

export * from "./api.ts";
export type { TypedBareClient as Client } from "./client.ts";
export type { TypedBareChannel as TypedChannel } from "./typed-channel.ts";
export { historyOf, historyPageOf, onAsk, onBytes, presenceOf, publishBytes } from "./optional.ts";
export { inPieces } from "./transport/in-pieces.ts";
export { nodeWebSocket, type NodeWebSocketOptions } from "./node-websocket.ts";

/**
 * Makes a client. It connects when it is first used.
 *
 * @throws {LocalError} `option-invalid`, naming field, value and range
 */
export const createClient = <C extends Contract>(options: ClientOptions): TypedBareClient<C> =>
  clientOn(options, createBareClient, (url, clock) => nodeWebSocket(url, { clock, random: systemRandom() }));
