// A client that answers what it is asked, until it is asked to end. It says what happens on the console, which every
// run-time has.

import { createClient, type Transport } from "@heddle/client";
import { httpPoll, httpStream } from "@heddle/client/http";
import type { Room } from "./contract.ts";

/** What stands in front of the program. */
export interface Run {
  readonly url: string;
  readonly how: "websocket" | "stream" | "poll";
}

export function chat(webSocket: (url: string) => Transport): void {
  const { url, how } = (globalThis as unknown as { readonly run: Run }).run;
  const say = (is: string, text = ""): void => console.log(`heddle ${is} ${text}`);
  const ways = {
    websocket: () => webSocket(url.replace("http", "ws")),
    stream: () => httpStream(url),
    poll: () => httpPoll(url),
  };
  const client = createClient<Room>({
    transport: ways[how](),
    token: () => "ada",
    backoffMinMs: 100,
    backoffMaxMs: 500,
  });
  const room = client.channel("room");
  room.onGap(({ why }) => say("gap", why));
  room.on("asked", async (text) => {
    say("got", text);
    await room.publish("answered", `${text}, said ${how}`);
    if (text !== "the end") return;
    await client.close();
    say("closed");
  });
  client.onState((state) => say("state", JSON.stringify(state)));
  room.ready().then(
    () => say("ready"),
    (error: unknown) => say("failed", String(error)),
  );
}
