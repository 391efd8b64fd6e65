// From the files of a run to a verdict: the same checker as the simulation's, what this engine promises beyond it, and
// counts of what happened.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { wireLimits } from "@heddle/protocol";
import { check, type Facts, type FinalLog, type HistoryEvent } from "@heddle/testkit/checker";
import { isForbidden, kindOf } from "@heddle/testkit/simulation";
import { readerName } from "./contract.ts";
import { engineCase, type EngineName } from "./engines.ts";
import { readHistory } from "./history-file.ts";
import { belowFloors, faultKindsOf } from "./floors.ts";
import { notesFile, type Counts, type RunNotes } from "./notes.ts";
import { inOrder } from "./stored-order.ts";

export interface Verdict {
  /** Violations and counts below their floors, as text, each beginning with the invariant's name or `floor`. */
  readonly problems: readonly string[];
  readonly counts: Counts;
}

/** @throws {Error} when the folder holds no finished run */
export function judge(folder: string): Verdict {
  const notes = JSON.parse(readFileSync(join(folder, notesFile), "utf8")) as RunNotes;
  const { engine, final, longestStopMs } = notes;
  const history = inOrder(readHistory(folder));
  const counts = countsOf(history, folder);
  const found = check(history, {
    ...factsOf(engine, new Map(Object.entries(final)), longestStopMs),
    ...engineCase(engine).facts,
  });
  return {
    problems: [
      ...found.map(({ invariant, message }) => `${invariant}: ${message}`),
      ...brokenPromises(history, engine),
      ...(counts["chain breaks"]
        ? [`no-silent-gap: clients found ${counts["chain breaks"]} holes in their streams`]
        : []),
      ...belowFloors(counts, notes).map((line) => `floor: ${line}`),
    ],
    counts,
  };
}

function factsOf(engine: EngineName, final: ReadonlyMap<string, FinalLog>, longestStopMs: number): Facts {
  return {
    final,
    // The public contract keeps as many as may be recovered.
    recoverMax: (ch) => kindOf(ch)?.entries ?? Infinity,
    isForbidden: (user, ch, action) => user !== readerName && isForbidden(ch, action),
    // No entry is shown that may be lost, and all that was ever stored is known, that of lost epochs too.
    hasPhantoms: false,
    fifo: "strict",
    losingFaults: [],
    renewingFaults: faultKindsOf(engine), // which engine may, is judged below
    splittingFaults: [],
    nodeLagMs: 0,
    recoveryMs: 65_000,
    presenceFaults: faultKindsOf(engine),
    staleFaults: [],
    presenceConvergeMs: Infinity,
    presenceSettleMs: 60_000,
    presenceGraceMs: wireLimits.presenceGraceMs,
    presenceLagMs: 60_000,
    tokenGraceMs: wireLimits.tokenGraceMs + longestStopMs,
    ...{ revocationMs: 1_000, linkFaults: [], linkSettleMs: 0 },
    echoMs: Infinity,
    queueBytesMax: Infinity,
    outboxCountMax: wireLimits.outboxCount,
  };
}

function brokenPromises(history: readonly HistoryEvent[], engine: EngineName): string[] {
  const { gaps } = engineCase(engine);
  return history.flatMap((event) =>
    event.f !== "gap" || gaps.includes(event.why)
      ? []
      : [`promise: ${event.sub} was told of gap(${event.why}), which ${engine} never makes`],
  );
}

function countsOf(history: readonly HistoryEvent[], folder: string): Counts {
  const counts: Record<string, number> = {};
  const add = (name: string, count = 1): void => void (counts[name] = (counts[name] ?? 0) + count);
  for (const event of history) {
    if (event.f === "pub") add("publishes");
    else if (event.f === "pub-ok" && event.isDup) add("duplicates");
    else if (event.f === "deliver") add("deliveries");
    else if (event.f === "request-ok") add("requests answered");
    else if (event.f === "history-ok") add("pages of history");
    else if (event.f === "gap") add(`gap ${event.why}`);
    else if (event.f === "fault") {
      add(`fault ${event.kind}`);
      add("faults");
    } else if (event.f === "proc" && event.is === "started") add("reconnects", -1);
    else if (event.f === "state" && event.state === "online") add("reconnects");
  }
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".counts"))) {
    const said = JSON.parse(readFileSync(join(folder, file), "utf8")) as Counts;
    add("resumes", said["resumed"] ?? 0);
    add("parks", said["parks"] ?? 0);
    add("chain breaks", said["chainBreaks"] ?? 0);
    add("lagging turns", said["laggings"] ?? 0);
    const rss = Math.round((said["rssBytes"] ?? 0) / 1_048_576);
    counts["server MiB at most"] = Math.max(counts["server MiB at most"] ?? 0, rss);
  }
  return counts;
}
