import { createClient, type Client } from "@heddle/client";
import { browserWebSocket } from "@heddle/client/core";
import type { Contract } from "@heddle/protocol/contract";
import { faultTransport, type FaultTransport } from "@heddle/testkit/faults";

/** A client whose network misbehaves on request. */
export function clientOnBadNetwork<C extends Contract>(url: string): { client: Client<C>; faults: FaultTransport } {
  const faults = faultTransport(browserWebSocket(url));
  const client = createClient<C>({ transport: faults });
  client.onState((state) => console.log(state.name));
  return { client, faults };
}

export function misbehave(faults: FaultTransport): void {
  faults.delay(200); // each message takes 200 ms longer, both ways
  faults.freezeReader(); // a slow reader: what comes waits, in order, until freezeReader(false)
  faults.kill("silent"); // a dead link nobody is told of, until pings find it; kill() closes it at once
  faults.cut(); // the cable is out until cut(false)
}
