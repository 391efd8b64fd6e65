// The frames as they pass, without tokens and secrets: the client has blotted those out before it shows them.

import { useState } from "preact/hooks";
import { framesKept, type FrameLog } from "./frame-log.ts";

export function Frames({ log }: { readonly log: FrameLog }) {
  const [filter, setFilter] = useState("");
  const isPaused = log.isPaused.value;
  const wanted = filter.trim();
  const frames = log.shown.value.filter(({ text }) => wanted === "" || text.includes(wanted));
  return (
    <section class="panel-part frames-part" aria-labelledby="frames-title">
      <div class="frames-head">
        <h3 id="frames-title">Frames</h3>
        <label class="unseen" for="frame-filter">
          Show frames that contain
        </label>
        <input
          id="frame-filter"
          class="field"
          placeholder="contains…"
          autocomplete="off"
          spellcheck={false}
          value={filter}
          onInput={({ currentTarget }) => setFilter(currentTarget.value)}
        />
        <button
          type="button"
          class={`button small pause ${isPaused ? "active" : ""}`}
          onClick={() => log.pause(!isPaused)}
        >
          {isPaused ? "Go on" : "Pause"}
        </button>
      </div>
      <ol
        class={`frames scroll mono ${isPaused ? "" : "running"}`}
        tabIndex={0}
        aria-labelledby="frames-title"
        data-testid="frames"
      >
        {/* Keyed by place: a running list changes texts, not elements. */}
        {frames.toReversed().map(({ direction, text }, place) => (
          <li key={place} class={direction}>
            <span class="unseen">{direction === "in" ? "received" : "sent"}</span>
            <span aria-hidden="true">{direction === "in" ? "<" : ">"}</span> {text}
          </li>
        ))}
      </ol>
      <p class="soft frames-note">
        Newest first; a pause shows the last {framesKept}, whole. Tokens and secrets are blotted out.
      </p>
    </section>
  );
}
