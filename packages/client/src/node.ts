// Entry `@heddle/client` in Node: the client with everything it has.

import { systemRandom } from "@heddle/base/system";
import type { Contract } from "@heddle/protocol/contract";
import type { DeviceOptions } from "./device/watch-device.ts";
import { clientOn, type Client, type ClientOptions } from "./client.ts";
import { nodeWebSocket } from "./node-websocket.ts";
import { anyTransport, type TransportOptions } from "./transport/any-transport.ts";
import { createClientCore } from "./whole-client.ts";

export * from "./api.ts";
export type { Client } from "./client.ts";
export type { TypedChannel } from "./typed-channel.ts";
export { nodeWebSocket, type NodeWebSocketOptions } from "./node-websocket.ts";

/** A process that no WebSocket gets out of is rare, and knows it. */
const webSocketAlone: TransportOptions["transports"] = ["websocket"];

/**
 * Makes a client. It connects when it is first used.
 *
 * @throws {LocalError} `option-invalid`, naming field, value and range
 */
export const createClient = <C extends Contract>(
  options: ClientOptions & DeviceOptions & TransportOptions,
): Client<C> =>
  clientOn(options, createClientCore, (address, clock, { transports = webSocketAlone, transportMemory }) =>
    anyTransport((url) => nodeWebSocket(url, { clock, random: systemRandom() }))(address, clock, {
      transports,
      transportMemory,
    }),
  );
