// §2.4 and §2.5: what an error or close code asks for is what the client does.

import { closeClassOf } from "@heddle/protocol";
import type { Evidence } from "../evidence.ts";
import type { HistoryAskEvent, RequestEvent } from "../history.ts";
import { eventsOf } from "../streams.ts";
import type { Finding } from "../violation.ts";

export function codes(evidence: Evidence): Finding[] {
  return [...wrongErrors(evidence), ...wrongStates(evidence), ...repeatedEffects(evidence)];
}

/** Errors an operation may not end with: retryable ones belong to the client, others have a cause here or none. */
function wrongErrors({ history, publishes, streams }: Evidence): Finding[] {
  const findings: Finding[] = [];
  for (const { pub, outcome } of publishes) {
    if (outcome?.f !== "pub-fail" || pub.mayFailWith.includes(outcome.code)) continue;
    findings.push({ message: `${pub.op} on ${pub.ch} failed with ${outcome.code}`, events: [pub, outcome] });
  }
  for (const { sub, events, end } of streams) {
    const last = events.at(-1);
    if (end !== undefined && last !== undefined && last !== end) {
      findings.push({ message: `${sub.sub} on ${sub.ch} ended, and then came ${last.f}`, events: [end, last] });
    }
    if (end?.code === undefined || sub.mayEndWith.includes(end.code)) continue;
    findings.push({ message: `${sub.sub} on ${sub.ch} was ended with ${end.code}`, events: [sub, end] });
  }
  const asked = new Map<string, HistoryAskEvent | RequestEvent>();
  for (const event of [...eventsOf(history, "history"), ...eventsOf(history, "request")]) asked.set(event.op, event);
  for (const failed of eventsOf(history, "request-fail")) {
    const ask = asked.get(failed.op);
    if (ask === undefined || ask.mayFailWith.includes(failed.code)) continue;
    const what = ask.f === "history" ? `history of ${ask.ch}` : ask.what;
    findings.push({
      message: `${ask.proc}: ${what} failed with ${failed.code} (${failed.why})`,
      events: [ask, failed],
    });
  }
  return findings;
}

function wrongStates({ history, living }: Evidence): Finding[] {
  const findings: Finding[] = [];
  for (const event of eventsOf(history, "state")) {
    if (event.code === 0) continue;
    const kind = closeClassOf(event.code);
    if (event.state === "waiting" && kind === "terminal") {
      findings.push({ message: `${event.proc} waits to reconnect after terminal ${event.code}`, events: [event] });
    }
    if (event.state === "closed" && kind !== "terminal" && kind !== "token" && living.has(event.proc)) {
      findings.push({ message: `${event.proc} gave up after ${event.code}, which asks to reconnect`, events: [event] });
    }
  }
  return findings;
}

/** A node runs an idempotent operation once per key. */
function repeatedEffects({ history }: Evidence): Finding[] {
  const findings: Finding[] = [];
  const ran = new Map<string, Extract<(typeof history)[number], { f: "executed" }>>();
  for (const event of eventsOf(history, "executed")) {
    const key = `${event.node} ${event.key}`;
    const before = ran.get(key);
    if (before !== undefined) findings.push({ message: `${key} was executed twice`, events: [before, event] });
    ran.set(key, event);
  }
  return findings;
}
