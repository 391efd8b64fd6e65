// Reads new messages of others aloud, politely; the timeline itself is silent, so that loading the past is not a speech.

import type { RoomStore } from "./room-store.ts";

export function Announcer({ store }: { readonly store: RoomStore }) {
  return (
    <p class="unseen" aria-live="polite" data-testid="announcer">
      {store.announcement.value}
    </p>
  );
}
