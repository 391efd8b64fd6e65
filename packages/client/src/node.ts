// Entry `@heddle/client` in Node: the client with everything it has.

import { systemRandom } from "@heddle/base/system";
import type { Contract } from "@heddle/protocol/contract";
import { clientOn, type Client, type ClientOptions } from "./client.ts";
import { nodeWebSocket } from "./node-websocket.ts";
import { createClientCore } from "./whole-client.ts";

export * from "./api.ts";
export type { Client } from "./client.ts";
export type { TypedChannel } from "./typed-channel.ts";
export { nodeWebSocket, type NodeWebSocketOptions } from "./node-websocket.ts";

/**
 * Makes a client. It connects when it is first used.
 *
 * @throws {LocalError} `option-invalid`, naming field, value and range
 */
export const createClient = <C extends Contract>(options: ClientOptions): Client<C> =>
  clientOn(options, createClientCore, (url, clock) => nodeWebSocket(url, { clock, random: systemRandom() }));
