// Where one writes. Works without a connection: what is sent then waits.

import { useRef, useState } from "preact/hooks";
import type { RoomStore } from "./room-store.ts";

const textMax = 2_000;

export function Composer({ store, isOnline }: { readonly store: RoomStore; readonly isOnline: boolean }) {
  const [text, setText] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  const send = (): void => {
    const said = text.trim();
    if (said === "") return;
    store.send(said);
    setText("");
    field.current?.focus();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label class="unseen" for="message">
        Message to {store.room}
      </label>
      <textarea
        id="message"
        ref={field}
        class="field"
        rows={1}
        maxLength={textMax}
        placeholder={isOnline ? `Message #${store.room}` : "Waits for a connection"}
        aria-describedby="composer-hint"
        enterkeyhint="send"
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          store.typing.typed(currentTarget.value.trim() === "");
        }}
        onBlur={() => store.typing.stopped()}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      <span class="unseen" id="composer-hint">
        Enter sends, Shift and Enter begins a new line.
      </span>
      <button type="submit" class="button primary" disabled={text.trim() === ""}>
        Send
      </button>
    </form>
  );
}
