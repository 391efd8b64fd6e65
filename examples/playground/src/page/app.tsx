// The page once somebody is signed in: head, the room one is in, and the connection panel.

import { signal, type Signal } from "@preact/signals";
import { Banner } from "./banner.tsx";
import { ChatStore } from "./chat/chat-store.ts";
import { ChatView } from "./chat/chat-view.tsx";
import { Unread } from "./chat/sidebar.tsx";
import { Connection } from "./connection.ts";
import type { Door, Seat } from "./door.ts";
import { MarketView } from "./market/market-view.tsx";
import { Orders } from "./market/orders.ts";
import { Quotes } from "./market/quotes.ts";
import { Panel } from "./panel/panel.tsx";
import { inWidth, stateWords } from "./words.ts";

type Place = { readonly name: "chat"; readonly room: string } | { readonly name: "market" };

/** Everything that lives as long as somebody is signed in. */
export class App {
  readonly door: Door;
  readonly seat: Seat;
  readonly connection: Connection;
  readonly chat: ChatStore;
  readonly quotes: Quotes;
  readonly orders: Orders;
  readonly place: Signal<Place>;
  /** Open where there is room for it. */
  readonly isPanelOpen = signal(window.matchMedia("(min-width: 1100px)").matches);

  constructor(door: Door, seat: Seat) {
    this.door = door;
    this.seat = seat;
    this.connection = new Connection(door);
    this.chat = new ChatStore(this.connection, seat);
    this.quotes = new Quotes(this.connection);
    this.orders = new Orders(this.connection, seat);
    this.place = signal(placeOf(location.hash));
    window.addEventListener("hashchange", () => this.#go());
    this.#go();
  }

  #go(): void {
    const place = placeOf(location.hash);
    if (place.name === "chat") this.chat.show(place.room);
    this.place.value = place;
    document.title =
      place.name === "chat" ? `#${this.chat.current.value?.room} · Heddle playground` : "Market · Heddle playground";
  }
}

function placeOf(hash: string): Place {
  const [, name, room] = hash.split("/");
  return name === "market" ? { name } : { name: "chat", room: room ?? "general" };
}

export function Shell({ app }: { readonly app: App }) {
  const place = app.place.value;
  const { connection, chat } = app;
  const isPanelOpen = app.isPanelOpen.value;
  return (
    <div class="shell">
      <a class="skip-link button" href="#main" onClick={skip}>
        Skip to the room
      </a>
      <Head app={app} place={place} />
      <main id="main" class="main" tabIndex={-1}>
        {place.name === "chat" ? (
          <ChatView chat={chat} connection={connection} />
        ) : (
          <MarketView quotes={app.quotes} orders={app.orders} />
        )}
        <Banner connection={connection} />
      </main>
      <Panel
        connection={connection}
        isOpen={isPanelOpen}
        onClose={() => {
          app.isPanelOpen.value = false;
          document.getElementById("panel-button")?.focus();
        }}
      />
    </div>
  );
}

function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Head({ app, place }: { readonly app: App; readonly place: Place }) {
  const { chat, door, seat } = app;
  const room = chat.current.value?.room ?? "general";
  return (
    <header class="head">
      <div class="brand">
        <img src="/mark.svg" width="28" height="28" alt="Heddle" />
        <span aria-hidden="true">Heddle</span>
      </div>
      <nav class="rooms-nav" aria-label="Places">
        <a href={`#/chat/${room}`} aria-current={place.name === "chat" ? "page" : undefined}>
          Chat
          <Unread count={place.name === "chat" ? 0 : chat.unreadCount.value} />
        </a>
        <a href="#/market" aria-current={place.name === "market" ? "page" : undefined}>
          Market
        </a>
      </nav>
      <div class="spread" />
      <ConnectionPill app={app} />
      <span class="who" title={`Signed in as ${seat.name} (${seat.user})`}>
        {seat.name}
      </span>
      <button type="button" class="button small quiet" onClick={() => void door.signOut()}>
        Sign out
      </button>
    </header>
  );
}

function ConnectionPill({ app }: { readonly app: App }) {
  const { connection, isPanelOpen } = app;
  const state = connection.state.value;
  const { rttMs } = connection.stats.value;
  const isOnline = state.name === "online";
  return (
    <button
      type="button"
      id="panel-button"
      class="button small pill"
      aria-expanded={isPanelOpen.value}
      aria-controls="panel"
      data-testid="state"
      data-state={state.name}
      onClick={() => (isPanelOpen.value = !isPanelOpen.value)}
    >
      <span class={`dot ${isOnline ? "online" : state.name === "closed" ? "off" : "busy"}`} aria-hidden="true" />
      <span class="unseen">Connection panel: </span>
      <span>{stateWords[state.name]}</span>
      <span class="rtt soft number">
        {isOnline && rttMs !== undefined ? inWidth(`${Math.max(1, Math.round(rttMs))} ms`, 6) : ""}
      </span>
    </button>
  );
}
