// The transport of a page that shares its WebSocket with the other tabs of its origin.

import { base64urlEncode, type Clock } from "@heddle/base";
import { systemClock, systemRandom } from "@heddle/base/system";
import { tabsSubprotocol } from "@heddle/protocol";
import { browserDevice } from "../device/device.ts";
import { browserWebSocket } from "../transport/browser-websocket.ts";
import type { Transport } from "../transport/transport.ts";
import { acrossTabs } from "./across-tabs.ts";
import { overOne } from "./over-one.ts";
import { browserTabs } from "./tab-ports.ts";

/**
 * A WebSocket that all tabs of this origin share for this address; one of this page alone where the browser has no Web Locks
 * or no BroadcastChannel, or the server does not know how.
 *
 * @param url  absolute, or relative to the page; http and https count as ws and wss
 */
export function tabsWebSocket(url: string, clock: Clock = systemClock()): Transport {
  const alone = browserWebSocket(url);
  const ports = browserTabs();
  if (!ports) return alone;
  const address = new URL(url, globalThis.location as unknown as URL | undefined);
  address.protocol = address.protocol.replace("http", "ws");
  const shared = overOne(socketOf(address), clock);
  const id = base64urlEncode(systemRandom().bytes(12));
  return acrossTabs({ name: `heddle.tabs ${address}`, id, ports, shared, alone, clock, device: browserDevice });
}

const socketOf = (address: URL): Transport => ({
  name: "websocket",
  open(handlers) {
    const socket = new WebSocket(address, tabsSubprotocol);
    socket.onopen = () => handlers.opened();
    socket.onmessage = ({ data }) => handlers.message(String(data));
    socket.onclose = ({ code, reason }) => handlers.closed(code, reason);
    return socket;
  },
});
