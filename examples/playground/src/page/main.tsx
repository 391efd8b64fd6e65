// Where the page begins: the door, or straight in for somebody whose name is kept.

import { useSignal } from "@preact/signals";
import { render } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { App, Shell } from "./app.tsx";
import { Door } from "./door.ts";
import { SignIn } from "./sign-in.tsx";

function Page({ door }: { readonly door: Door }) {
  const failure = useSignal<string | undefined>(door.keptName === undefined ? "" : undefined);
  const seat = door.seat.value;
  const app = useMemo(() => (seat === undefined ? undefined : new App(door, seat)), [door, seat]);
  useEffect(() => {
    if (door.keptName === undefined) return;
    door.signIn(door.keptName).catch((error: unknown) => {
      failure.value = error instanceof Error ? error.message : String(error);
    });
  }, [door, failure]);
  if (app !== undefined) return <Shell app={app} />;
  // While the kept name is tried nothing is shown: half a second of a form would only flicker.
  return failure.value === undefined ? null : <SignIn door={door} failure={failure.value} />;
}

const root = document.getElementById("page");
if (root === null) throw new Error("index.html has no #page");
render(<Page door={new Door()} />, root);
