// The connection, laid open: state, numbers, positions, gaps, frames, and the buttons that break it.

import type { Connection } from "../connection.ts";
import { clockWords, gapWords, stateWords } from "../words.ts";
import { FaultButtons } from "./fault-buttons.tsx";
import { Frames } from "./frames.tsx";
import { positionRows } from "./positions.ts";
import { WayButtons } from "./way-buttons.tsx";

export interface PanelProps {
  readonly connection: Connection;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export function Panel({ connection, isOpen, onClose }: PanelProps) {
  return (
    <aside
      id="panel"
      class={`panel scroll ${isOpen ? "open" : ""}`}
      aria-label="Connection"
      tabIndex={-1}
      onKeyDown={({ key }) => void (key === "Escape" && onClose())}
    >
      {isOpen && (
        <>
          <header class="panel-head">
            <h2>Connection</h2>
            <button type="button" class="button small quiet" onClick={onClose}>
              Close
            </button>
          </header>
          <WayButtons connection={connection} />
          <FaultButtons connection={connection} />
          <Numbers connection={connection} />
          <Positions connection={connection} />
          <Frames log={connection.frames} />
          <GapNotes connection={connection} />
        </>
      )}
    </aside>
  );
}

function Numbers({ connection }: { readonly connection: Connection }) {
  const { stats, state, client } = connection;
  const { rttMs, connects, resumes, gaps, duplicates, skips, outboxCount, framesIn, framesOut } = stats.value;
  void connection.beat.value;
  const rows: readonly (readonly [name: string, value: string, id?: string])[] = [
    ["State", stateWords[state.value.name]],
    ["Round trip", rttMs === undefined ? "–" : `${rttMs.toFixed(1)} ms`],
    ["Log", client.guarantee?.log ?? "–"],
    ["Connections", connects.toLocaleString("en"), "connects"],
    ["Resumed", resumes.toLocaleString("en"), "resumes"],
    ["Gaps", gaps.toLocaleString("en"), "gaps"],
    ["Duplicates", duplicates.toLocaleString("en"), "duplicates"],
    ["Conflated", skips.toLocaleString("en")],
    ["Outbox", outboxCount.toLocaleString("en"), "outbox"],
    ["Frames in", framesIn.toLocaleString("en")],
    ["Frames out", framesOut.toLocaleString("en")],
  ];
  return (
    <dl class="numbers number">
      {rows.map(([name, value, id]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd data-testid={id === undefined ? undefined : `stat-${id}`}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Positions({ connection }: { readonly connection: Connection }) {
  void connection.beat.value;
  const rows = positionRows(connection.client.channels);
  return (
    <section class="panel-part" aria-labelledby="positions-title">
      <h3 id="positions-title">Positions</h3>
      <ul class="positions scroll" tabIndex={0} aria-labelledby="positions-title">
        {rows.map(({ name, state, where }) => (
          <li key={name}>
            <span class="position-name">{name}</span>
            <span class="soft">{state}</span>
            <span class="mono">{where}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

const notesShown = 6;

function GapNotes({ connection }: { readonly connection: Connection }) {
  const notes = connection.gapNotes.value;
  return (
    <section class="panel-part" aria-labelledby="gaps-title">
      <h3 id="gaps-title">Gaps</h3>
      {notes.length === 0 ? (
        <p class="soft">None: nothing was missed.</p>
      ) : (
        <ul>
          {notes.slice(0, notesShown).map(({ channel, why, atMs }) => (
            <li key={`${channel} ${atMs}`} class="gap-note">
              <span class="number soft">{clockWords(atMs)}</span> <span class="mono">{channel}</span>{" "}
              {gapWords[why].title} <span class="soft">({why})</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
