// The chat room: who and where on the left, what is said in the middle.

import { useEffect, useState } from "preact/hooks";
import type { Connection } from "../connection.ts";
import { plural } from "../words.ts";
import { Announcer } from "./announcer.tsx";
import type { ChatStore } from "./chat-store.ts";
import { Composer } from "./composer.tsx";
import type { RoomStore } from "./room-store.ts";
import { Sidebar } from "./sidebar.tsx";
import { Timeline } from "./timeline.tsx";

export function ChatView({ chat, connection }: { readonly chat: ChatStore; readonly connection: Connection }) {
  const [isDrawerOpen, setDrawerOpen] = useState(false);
  const store = chat.current.value;
  useEffect(() => {
    chat.inView();
    const looked = (): void => void (document.visibilityState === "visible" && chat.inView());
    document.addEventListener("visibilitychange", looked);
    return () => {
      document.removeEventListener("visibilitychange", looked);
      chat.hide();
    };
  }, [chat]);
  if (store === undefined) return null;
  const closeDrawer = (): void => {
    if (!isDrawerOpen) return;
    setDrawerOpen(false);
    document.getElementById("drawer-button")?.focus();
  };
  return (
    <div class="chat">
      <Sidebar chat={chat} store={store} isOpen={isDrawerOpen} onClose={closeDrawer} />
      <section class="talk" aria-labelledby="room-name">
        <header class="talk-head">
          <button
            type="button"
            id="drawer-button"
            class="button small drawer-button"
            aria-expanded={isDrawerOpen}
            aria-controls="sidebar"
            onClick={() => setDrawerOpen(!isDrawerOpen)}
          >
            Rooms
          </button>
          <h1 id="room-name">
            <span class="soft" aria-hidden="true">
              #
            </span>
            {store.room}
          </h1>
          <HeadCount store={store} />
        </header>
        <Timeline key={store.room} store={store} />
        <Typists store={store} />
        <Composer key={`${store.room} composer`} store={store} isOnline={connection.isOnline.value} />
        <Announcer store={store} />
      </section>
    </div>
  );
}

function HeadCount({ store }: { readonly store: RoomStore }) {
  const count = store.people.value.length;
  return <p class="head-count soft number">{count === 0 ? "" : `${plural(count, "person", "people")} here`}</p>;
}

function Typists({ store }: { readonly store: RoomStore }) {
  const names = store.typing.names.value;
  const text =
    names.length === 0
      ? ""
      : names.length === 1
        ? `${names[0]} is typing…`
        : names.length === 2
          ? `${names[0]} and ${names[1]} are typing…`
          : `${names.length} people are typing…`;
  return (
    <p class="typists soft" data-testid="typists">
      {text}
    </p>
  );
}
