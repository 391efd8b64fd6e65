// The client without types, with everything it has as members.

import type { Channel, SubscribeOptions } from "./channel/channel-api.ts";
import { createBareClient, type BareClient } from "./client-core.ts";
import type { Off } from "./emitter.ts";
import { parseWithBytes, publishBytes } from "./bytes.ts";
import { history, historyPage } from "./channel/history.ts";
import { newPresence } from "./channel/presence.ts";
import { watchDevice, type DeviceOptions } from "./device/watch-device.ts";
import type { CoreOptions } from "./options.ts";
import { ports } from "./ports.ts";
import { inPieces } from "./transport/in-pieces.ts";
import { newAsks, type AskHandler } from "./requests/asks.ts";
import { makeBeforeBreak } from "./transport/make-before-break.ts";

export interface ClientCore extends BareClient {
  readonly channels: readonly Channel[];
  channel(name: string, options?: SubscribeOptions): Channel;
  /** Answers the server's questions of this name. One handler a name; the latest counts. */
  onAsk(name: string, handler: AskHandler): Off;
}

/** @throws {LocalError} `option-invalid`, naming field, value and range */
export function createClientCore(options: CoreOptions & DeviceOptions): ClientCore {
  const client = createBareClient(
    { ...options, transport: makeBeforeBreak(inPieces(options.transport), options) },
    (channel) => {
      const { name } = channel;
      const [ask, presence] = channel[ports];
      const bare = { ...channel };
      const extras: Omit<Channel, keyof typeof channel> & Pick<Channel, "publish"> = {
        publish: (event, payload, how) =>
          payload instanceof Uint8Array ? publishBytes(bare, event, payload, how) : bare.publish(event, payload, how),
        presence: presence(newPresence),
        historyPage: (query) => historyPage(ask, name, query),
        history: (query) => history(ask, name, query),
      };
      Object.assign(channel, extras);
    },
    parseWithBytes,
  );
  watchDevice(client, options);
  const extras: Pick<ClientCore, "onAsk"> = { onAsk: client[ports][0](newAsks) };
  return Object.assign(client, extras) as ClientCore;
}
