// Nothing is left after everybody has gone: no timer, connection, cursor, channel or request.

import type { Evidence } from "../evidence.ts";
import { eventsOf } from "../streams.ts";
import type { Finding } from "../violation.ts";

export function resource({ history }: Evidence): Finding[] {
  const findings: Finding[] = [];
  for (const event of eventsOf(history, "resource")) {
    const left = Object.entries(event.left).filter(([, count]) => count !== 0);
    if (left.length === 0) continue;
    const text = left.map(([what, count]) => `${count} ${what}`).join(", ");
    findings.push({ message: `${event.target}: ${text} left`, events: [event] });
  }
  return findings;
}
