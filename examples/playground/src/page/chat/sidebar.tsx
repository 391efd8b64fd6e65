// Rooms to go to, a way to open one, and who is here. On narrow screens a drawer over the talk.

import { useEffect, useRef, useState } from "preact/hooks";
import { roomPattern, type ChatStore } from "./chat-store.ts";
import type { RoomStore } from "./room-store.ts";

export interface SidebarProps {
  readonly chat: ChatStore;
  readonly store: RoomStore;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export function Sidebar({ chat, store, isOpen, onClose }: SidebarProps) {
  const drawer = useRef<HTMLElement>(null);
  useEffect(() => {
    if (isOpen) drawer.current?.querySelector("a")?.focus();
  }, [isOpen]);
  return (
    <aside
      id="sidebar"
      ref={drawer}
      class={`sidebar ${isOpen ? "open" : ""}`}
      aria-label="Rooms and people"
      onKeyDown={({ key }) => void (key === "Escape" && isOpen && onClose())}
    >
      <nav aria-label="Rooms">
        <h2 class="side-title">Rooms</h2>
        <NewRoom onOpened={onClose} />
        <ul class="room-list scroll" tabIndex={-1}>
          {chat.rooms.value.map((room) => (
            <li key={room}>
              <a href={`#/chat/${room}`} aria-current={room === store.room ? "page" : undefined} onClick={onClose}>
                <span class="room-label">
                  <span class="soft" aria-hidden="true">
                    #
                  </span>
                  {room}
                </span>
                <Unread
                  count={chat.followed.value.find((followed) => followed.room === room)?.unreadCount.value ?? 0}
                />
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <People store={store} />
    </aside>
  );
}

export function Unread({ count }: { readonly count: number }) {
  if (count === 0) return null;
  return (
    <span class="unread number">
      {count > 99 ? "99+" : count}
      <span class="unseen"> unread</span>
    </span>
  );
}

function NewRoom({ onOpened }: { readonly onOpened: () => void }) {
  const [name, setName] = useState("");
  const room = name.trim().toLowerCase().replaceAll(/\s+/g, "-");
  const isGood = roomPattern.test(room);
  const open = (event: Event): void => {
    event.preventDefault();
    if (!isGood) return;
    setName("");
    location.hash = `#/chat/${room}`;
    onOpened();
  };
  return (
    <form class="new-room" onSubmit={open}>
      <label class="unseen" for="new-room">
        Name of a new room
      </label>
      <input
        id="new-room"
        class="field"
        placeholder="new-room"
        maxLength={24}
        autocomplete="off"
        spellcheck={false}
        value={name}
        onInput={({ currentTarget }) => setName(currentTarget.value)}
      />
      <button type="submit" class="button" disabled={!isGood}>
        Open
      </button>
    </form>
  );
}

function People({ store }: { readonly store: RoomStore }) {
  const people = store.people.value;
  return (
    <section class="people" aria-labelledby="people-title">
      <h2 class="side-title" id="people-title">
        Here now
      </h2>
      <ul class="scroll" data-testid="people" tabIndex={0} aria-labelledby="people-title">
        {people.map(({ user, name, isBot, isMe }) => (
          <li key={user}>
            <Avatar user={user} name={name} />
            <span class="person-name">{name}</span>
            {isMe && <span class="tag">you</span>}
            {isBot && <span class="tag">bot</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

const huesCount = 6;

/** The same person has the same colour everywhere. */
export function Avatar({ user, name }: { readonly user: string; readonly name: string }) {
  let sum = 0;
  for (const character of user) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9_973;
  return (
    <span class={`avatar hue-${sum % huesCount}`} aria-hidden="true">
      {[...name][0]?.toUpperCase()}
    </span>
  );
}
