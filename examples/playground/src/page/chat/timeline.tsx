// What was said, oldest first. Keeps its place: at the end it follows, anywhere else it stays, whatever is added where.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { clockWords, plural } from "../words.ts";
import type { DeliveryState, Divider, Item, Line } from "./lines.ts";
import type { RoomStore } from "./room-store.ts";
import { Avatar } from "./sidebar.tsx";

/** Nearer to the end than this counts as being there. Pixels. */
const followPx = 80;
/** Nearer to the top than this, the past is loaded. Pixels. */
const loadPx = 160;
/** A later line of the same person within this time stands under the same name. */
const groupMs = 5 * 60_000;

export function Timeline({ store }: { readonly store: RoomStore }) {
  const items = store.items.value;
  const { box, newCount, scrolled, toEnd } = usePlace(items, () => void store.loadEarlier());
  return (
    <div class="timeline-frame">
      <div
        class="timeline scroll"
        ref={box}
        onScroll={scrolled}
        tabIndex={0}
        role="region"
        aria-label={`Messages in ${store.room}`}
        data-testid="timeline"
      >
        <Past store={store} />
        <ol>
          {items.map((item, index) =>
            item.kind === "gap" ? (
              <GapDivider key={item.key} item={item} />
            ) : (
              <LineRow key={item.key} line={item} isFollowUp={isFollowUp(items[index - 1], item)} store={store} />
            ),
          )}
        </ol>
      </div>
      {newCount > 0 && (
        <button type="button" class="button small to-end" onClick={toEnd}>
          {plural(newCount, "new message")} <span aria-hidden="true">↓</span>
        </button>
      )}
    </div>
  );
}

/** Where the reader is in the scrolling box, kept over every change of what it holds. */
function usePlace(items: readonly Item[], reachedTop: () => void) {
  const box = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const before = useRef({ firstKey: "", lastKey: "", height: 0 });
  const [newCount, setNewCount] = useState(0);

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const firstKey = items[0]?.key ?? "";
    const lastKey = items.at(-1)?.key ?? "";
    const was = before.current;
    // Who writes wants to see it.
    if (lastKey !== was.lastKey && lastKey.startsWith("mine-")) follows.current = true;
    if (follows.current) element.scrollTop = element.scrollHeight;
    else if (firstKey !== was.firstKey) element.scrollTop += element.scrollHeight - was.height;
    else if (lastKey !== was.lastKey) {
      const addedCount = items.length - 1 - items.findLastIndex(({ key }) => key === was.lastKey);
      setNewCount((count) => count + addedCount);
    }
    before.current = { firstKey, lastKey, height: element.scrollHeight };
  }, [items]);

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    // The box grows and shrinks with the window and the keyboard: the end stays in view.
    const watcher = new ResizeObserver(() => void (follows.current && (element.scrollTop = element.scrollHeight)));
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);

  const scrolled = (): void => {
    const element = box.current;
    if (element === null) return;
    follows.current = element.scrollHeight - element.scrollTop - element.clientHeight < followPx;
    if (follows.current) setNewCount(0);
    if (element.scrollTop < loadPx) reachedTop();
  };
  const toEnd = (): void => {
    if (box.current !== null) box.current.scrollTop = box.current.scrollHeight;
    setNewCount(0);
  };
  return { box, newCount, scrolled, toEnd };
}

/** The top of the timeline: always as high, whatever it says. */
function Past({ store }: { readonly store: RoomStore }) {
  const has = store.hasEarlier.value;
  const refusal = store.refusal.value;
  return (
    <div class="past">
      {refusal !== undefined ? (
        <p>This room cannot be followed: {refusal}</p>
      ) : has === true ? (
        <button
          type="button"
          class="button small quiet"
          aria-disabled={store.isLoading.value}
          onClick={() => void store.loadEarlier()}
        >
          {store.isLoading.value ? "Loading…" : "Earlier messages"}
        </button>
      ) : (
        <p class="soft">{has === false ? `The log of #${store.room} begins here` : ""}</p>
      )}
    </div>
  );
}

function isFollowUp(before: Item | undefined, line: Line): boolean {
  return before?.kind === "line" && before.from === line.from && line.atMs - before.atMs < groupMs;
}

interface LineRowProps {
  readonly line: Line;
  readonly isFollowUp: boolean;
  readonly store: RoomStore;
}

function LineRow({ line, isFollowUp, store }: LineRowProps) {
  const { from, name, text, atMs, isBot, isMine, delivery } = line;
  return (
    <li class={`line ${isFollowUp ? "follow-up" : ""} ${isMine ? "mine" : ""}`} data-testid="line">
      {isFollowUp ? <span class="gutter" /> : <Avatar user={from} name={name} />}
      <div class="line-body">
        <p class={isFollowUp ? "unseen" : "line-head"}>
          <span class="line-name">{name}</span>
          {isMine && <span class="tag">you</span>}
          {isBot && <span class="tag">bot</span>}
          <time class="soft number" dateTime={new Date(atMs).toISOString()}>
            {clockWords(atMs)}
          </time>
        </p>
        <div class="line-text">
          <p data-testid="text">{text}</p>
          {delivery !== undefined && <Delivery state={delivery} line={line} store={store} />}
        </div>
      </div>
    </li>
  );
}

const deliveryWords: Record<DeliveryState, { readonly word: string; readonly sign: string; readonly title: string }> = {
  queued: { word: "queued", sign: "◷", title: "No connection: it is sent when there is one" },
  sending: { word: "sending", sign: "→", title: "On its way, or waiting for the server's answer" },
  stored: { word: "stored", sign: "✓", title: "The log has it, exactly once" },
  seen: { word: "seen", sign: "✓✓", title: "It came back through the stream, as everybody gets it" },
  failed: { word: "not sent", sign: "✕", title: "It is not in the log, or nobody can say" },
};

function Delivery({
  state,
  line,
  store,
}: {
  readonly state: DeliveryState;
  readonly line: Line;
  readonly store: RoomStore;
}) {
  const { word, sign, title } = deliveryWords[state];
  const offset = line.position?.[1];
  return (
    <p class={`delivery ${state}`} data-state={state} title={title}>
      <span aria-hidden="true">{sign}</span> {word}
      {offset !== undefined && <span class="number"> at {offset}</span>}
      {state === "failed" && (
        <>
          <span class="failure">: {line.failure}</span>
          <button type="button" class="button small" onClick={() => store.sendAgain(line)}>
            Send again
          </button>
        </>
      )}
    </p>
  );
}

function GapDivider({ item }: { readonly item: Divider }) {
  return (
    <li class="gap" data-testid="gap" data-why={item.why}>
      <p>
        <strong>{item.title}.</strong> {item.detail}
      </p>
    </li>
  );
}
