// G2: between two deliveries of a segment, skips included, nothing in the log is missing; nor within a page of history.

import { rootOf, samePos, type Pos } from "@heddle/protocol";
import type { Evidence } from "../evidence.ts";
import type { HistoryEvent } from "../history.ts";
import { eventsOf, segmentsOf, startOf, type Segment, type Stream } from "../streams.ts";
import type { Finding } from "../violation.ts";
import { posText } from "./text.ts";

export function noSilentGap(evidence: Evidence): Finding[] {
  const findings: Finding[] = [];
  for (const stream of evidence.streams) {
    if (stream.sub.mode !== "resume") continue; // the other modes skip by design
    findings.push(...movesIn(stream), ...leapIn(stream, evidence));
    for (const segment of segmentsOf(stream)) findings.push(...holesIn(segment, stream, evidence));
  }
  const asks = new Map(eventsOf(evidence.history, "history").map((ask) => [ask.op, ask]));
  for (const page of eventsOf(evidence.history, "history-ok")) {
    const channel = asks.get(page.op)?.ch ?? "";
    page.entries.forEach((entry, index) => {
      const before = page.entries[index - 1];
      const message = before && holeBetween(evidence, channel, before.pos, entry.pos);
      if (message !== undefined) findings.push({ message: `history of ${channel}: ${message}`, events: [page] });
    });
  }
  return findings;
}

/** A subscription that has a position goes on from there; anything else is a gap nobody told. */
function movesIn({ sub, events }: Stream): Finding[] {
  const findings: Finding[] = [];
  let stands = sub.at;
  for (const event of events) {
    if (event.f === "gap") stands = event.to;
    else if (event.f === "subscribed" || event.f === "deliver" || event.f === "skip") {
      if (event.f === "subscribed" && stands !== undefined && !samePos(stands, event.pos)) {
        const message = `${sub.sub} on ${sub.ch}: stood at ${posText(stands)} and went on from ${posText(event.pos)}`;
        findings.push({ message, events: [event] });
      }
      stands = event.pos;
    }
  }
  return findings;
}

/** From a brought position that is not on the log there is no way on but by a gap: nobody knows what was missed. */
function leapIn({ sub, events }: Stream, { truth }: Evidence): Finding[] {
  const { at } = sub;
  const first = events.find((event) => event.f === "deliver" || event.f === "skip" || event.f === "gap");
  if (at === undefined || first === undefined || first.f === "gap" || first.pos.epoch !== at.epoch) return [];
  const isOn = truth.entryAt(sub.ch, at) !== undefined || samePos(at, rootOf(at.epoch));
  if (isOn || !truth.isKnown(sub.ch, at) || truth.entryAt(sub.ch, first.pos) === undefined) return [];
  const message = `${sub.sub} on ${sub.ch}: ${posText(at)} is not on the log, and ${posText(first.pos)} followed it`;
  return [{ message, events: [sub, first] }];
}

function holesIn(segment: Segment, stream: Stream, evidence: Evidence): Finding[] {
  const { sub } = stream;
  const findings: Finding[] = [];
  let last = startOf(segment, stream);
  let by: HistoryEvent | undefined = segment.start;
  for (const event of segment.events) {
    const message = last && holeBetween(evidence, sub.ch, last, event.pos);
    if (message !== undefined) {
      findings.push({
        message: `${sub.sub} on ${sub.ch}: ${message}`,
        events: [by, event].filter((e) => e !== undefined),
      });
    }
    last = event.pos;
    by = event;
  }
  return findings;
}

function holeBetween({ truth }: Evidence, channel: string, from: Pos, to: Pos): string | undefined {
  if (from.epoch !== to.epoch) return `${posText(to)} follows ${posText(from)} without a gap`;
  const [missing] = truth.between(channel, from.epoch, from.offset, to.offset);
  return missing && `${posText(missing.pos)} (${missing.hash}) is missing between ${posText(from)} and ${posText(to)}`;
}
