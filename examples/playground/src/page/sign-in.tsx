// The door: a name is enough, but a name there must be.

import { useState } from "preact/hooks";
import type { Door } from "./door.ts";

export function SignIn({ door, failure }: { readonly door: Door; readonly failure: string }) {
  const [name, setName] = useState("");
  const [error, setError] = useState(failure);
  const [isBusy, setBusy] = useState(false);
  const enter = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setError("");
    try {
      await door.signIn(name);
    } catch (thrown) {
      const text = thrown instanceof Error ? thrown.message : String(thrown);
      setError(`${text[0]?.toUpperCase()}${text.slice(1)}`);
      setBusy(false);
    }
  };
  return (
    <main class="door">
      <div class="door-card">
        <img src="/mark.svg" width="44" height="44" alt="" />
        <h1>Heddle playground</h1>
        <p class="soft">
          A chat and a market on one connection. Cut it, freeze it, kill it: every message still comes once and in
          order, or you are told exactly what you missed.
        </p>
        <form onSubmit={(event) => void enter(event)}>
          <label class="label" for="name">
            Your name
          </label>
          <input
            id="name"
            class="field"
            name="name"
            required
            maxLength={32}
            autocomplete="nickname"
            aria-describedby="door-error"
            value={name}
            onInput={({ currentTarget }) => setName(currentTarget.value)}
          />
          <p class="door-error" id="door-error" role="alert">
            {error}
          </p>
          <button type="submit" class="button primary" aria-disabled={isBusy}>
            Come in
          </button>
        </form>
        <p class="door-foot">
          You get a signed token that lasts minutes and is renewed while you are here. Nobody is anonymous, nothing is
          kept when the server stops.
        </p>
      </div>
    </main>
  );
}
