// G9: no queue and no outbox grows beyond its limit.

import type { Evidence } from "../evidence.ts";
import { eventsOf } from "../streams.ts";
import type { Finding } from "../violation.ts";

export function memory({ history, facts }: Evidence): Finding[] {
  const limits = { queue: facts.queueBytesMax, outbox: facts.outboxCountMax };
  return eventsOf(history, "mem")
    .filter((event) => event.size > limits[event.what])
    .map((event) => ({
      message: `${event.target}: ${event.what} reached ${event.size}, its limit is ${limits[event.what]}`,
      events: [event],
    }));
}
