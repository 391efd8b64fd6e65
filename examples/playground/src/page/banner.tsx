// What has become of the connection, over the room: waiting and why, frozen, back and at what cost, or over.

import type { Connection, Return } from "./connection.ts";
import { durationWords, lossWords, plural } from "./words.ts";

/** The place is always there, so that what comes into it is read aloud. */
export function Banner({ connection }: { readonly connection: Connection }) {
  return (
    <div class="banner-place" role="status">
      <Content connection={connection} />
    </div>
  );
}

function Content({ connection }: { readonly connection: Connection }) {
  const state = connection.state.value;
  const isFrozen = connection.faultStatus.value.isReaderFrozen;
  const returned = connection.returned.value;
  if (state.name === "closed") return <Over code={state.code} why={state.why} />;
  if (state.name !== "online" && connection.wasOnline.value) return <Away connection={connection} />;
  if (state.name === "waiting") return <Away connection={connection} />;
  if (isFrozen) return <Frozen heldCount={connection.faultStatus.value.heldCount} />;
  if (returned !== undefined) return <Back returned={returned} onDismiss={() => connection.dismissReturn()} />;
  return null;
}

function Away({ connection }: { readonly connection: Connection }) {
  const state = connection.state.value;
  const { outboxCount } = connection.stats.value;
  const isCut = connection.faultStatus.value.isCut;
  const leftS = Math.ceil(connection.leftMs.value / 1_000);
  const next = state.name === "waiting" && leftS > 0 ? `Trying again in ${leftS} s.` : "Trying to connect…";
  const why = isCut ? "The network is cut, by you." : state.name === "waiting" ? lossWords(state.code, state.why) : "";
  return (
    <div class="banner" data-testid="banner" data-banner="away">
      <span class="dot busy" aria-hidden="true" />
      <p>
        <strong>Not connected</strong>
        <span class="number">
          {why} <span aria-live="off">{next}</span>{" "}
          {outboxCount > 0
            ? `${plural(outboxCount, "message")} of yours ${outboxCount === 1 ? "waits" : "wait"} here.`
            : "What you write now waits here."}
        </span>
      </p>
      {state.name === "waiting" && !isCut && (
        <button type="button" class="button small" onClick={() => connection.client.probe()}>
          Try now
        </button>
      )}
    </div>
  );
}

function Frozen({ heldCount }: { readonly heldCount: number }) {
  return (
    <div class="banner" data-testid="banner" data-banner="frozen">
      <span class="dot busy" aria-hidden="true" />
      <p>
        <strong>Reader frozen, by you</strong>
        <span class="number">
          Nothing arrives here; others notice nothing.{" "}
          <span aria-live="off">{plural(heldCount, "message")} held back.</span>
        </span>
      </p>
    </div>
  );
}

function Back({ returned, onDismiss }: { readonly returned: Return; readonly onDismiss: () => void }) {
  const { awayMs, resumeCount, gapCount, hasLostLog } = returned;
  const away = durationWords(awayMs);
  return (
    <div class={`banner ${gapCount > 0 ? "bad" : "good"}`} data-testid="banner" data-banner="back">
      <span class={`dot ${gapCount > 0 ? "off" : "online"}`} aria-hidden="true" />
      <p>
        <strong>
          {hasLostLog ? `Back after ${away}: the server was restarted and lost its log` : `Back after ${away}`}
        </strong>
        {hasLostLog
          ? "Its log is gone. What you see stays on your screen; a line in the talk marks the place, and it goes on from there."
          : gapCount > 0
            ? `${plural(gapCount, "channel")} missed something; a line marks the place.`
            : `${plural(resumeCount, "channel")} went on exactly where ${resumeCount === 1 ? "it was" : "they were"}: nothing lost, nothing twice.`}
      </p>
      <button type="button" class="button small" onClick={onDismiss}>
        OK
      </button>
    </div>
  );
}

function Over({ code, why }: { readonly code: number; readonly why: string }) {
  return (
    <div class="banner bad" data-testid="banner" data-banner="over">
      <span class="dot off" aria-hidden="true" />
      <p>
        <strong>The connection has ended for good</strong>
        {lossWords(code, why)}
      </p>
      <button type="button" class="button small" onClick={() => location.reload()}>
        Begin anew
      </button>
    </div>
  );
}
