// Entry `@heddle/client`: the client with everything it has.

import type { Contract } from "@heddle/protocol/contract";
import { clientOn, type Client, type ClientOptions } from "./client.ts";
import { browserDevice } from "./device/device.ts";
import type { DeviceOptions } from "./device/watch-device.ts";
import { anyTransport, type TransportOptions } from "./transport/any-transport.ts";
import { browserWebSocket } from "./transport/browser-websocket.ts";
import { createClientCore } from "./whole-client.ts";

export * from "./api.ts";
export type { Client } from "./client.ts";
export type { TypedChannel } from "./typed-channel.ts";
export { browserWebSocket };

/**
 * Makes a client. It connects when it is first used.
 *
 * @throws {LocalError} `option-invalid`, naming field, value and range
 */
export const createClient = <C extends Contract>(
  options: ClientOptions & DeviceOptions & TransportOptions,
): Client<C> => clientOn(options, createClientCore, anyTransport(browserWebSocket), { device: browserDevice });
