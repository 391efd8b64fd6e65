// The client without types, with everything it has as members.

import type { Channel, SubscribeOptions } from "./channel/channel-api.ts";
import { createBareClient, type BareClient } from "./client-core.ts";
import type { Off } from "./emitter.ts";
import { history, historyPage } from "./channel/history.ts";
import { newPresence } from "./channel/presence.ts";
import type { CoreOptions } from "./options.ts";
import { ports } from "./ports.ts";
import { newAsks, type AskHandler } from "./requests/asks.ts";

export interface ClientCore extends BareClient {
  readonly channels: readonly Channel[];
  channel(name: string, options?: SubscribeOptions): Channel;
  /** Answers the server's questions of this name. One handler a name; the latest counts. */
  onAsk(name: string, handler: AskHandler): Off;
}

/** @throws {LocalError} `option-invalid`, naming field, value and range */
export function createClientCore(options: CoreOptions): ClientCore {
  const client = createBareClient(options, (channel) => {
    const { name } = channel;
    const [ask, presence] = channel[ports];
    const extras: Omit<Channel, keyof typeof channel> = {
      presence: presence(newPresence),
      historyPage: (query) => historyPage(ask, name, query),
      history: (query) => history(ask, name, query),
    };
    Object.assign(channel, extras);
  });
  const extras: Pick<ClientCore, "onAsk"> = { onAsk: client[ports][0](newAsks) };
  return Object.assign(client, extras) as ClientCore;
}
