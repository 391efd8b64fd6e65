// Entry `@heddle/client/tabs`: the client with everything it has, over one WebSocket for all tabs of an origin.

import type { Contract } from "@heddle/protocol/contract";
import { clientOn, type Client, type ClientOptions } from "./client.ts";
import { browserDevice } from "./device/device.ts";
import type { DeviceOptions } from "./device/watch-device.ts";
import { tabsWebSocket } from "./tabs/browser-tabs.ts";
import { anyTransport, type TransportOptions } from "./transport/any-transport.ts";
import { createClientCore } from "./whole-client.ts";

export * from "./api.ts";
export type { Client } from "./client.ts";
export type { TypedChannel } from "./typed-channel.ts";
export { tabsWebSocket };

/**
 * Makes a client. It connects when it is first used.
 *
 * @throws {LocalError} `option-invalid`, naming field, value and range
 */
export const createClient = <C extends Contract>(
  options: ClientOptions & DeviceOptions & TransportOptions,
): Client<C> => clientOn(options, createClientCore, anyTransport(tabsWebSocket), { device: browserDevice });
