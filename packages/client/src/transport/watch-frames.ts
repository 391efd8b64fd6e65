// Frames for people to look at: a transport that tells what passes through another.

import type { Transport } from "./transport.ts";

/** Gets each frame as it passes, as JSON text. */
export type FrameListener = (direction: "in" | "out", text: string) => void;

/** A transport like `transport` that tells `listener` every frame that passes, tokens and secrets blotted out. */
export function watchFrames(transport: Transport, listener: FrameListener): Transport {
  const tell = (direction: "in" | "out", message: string): void => {
    for (const text of message.split("\n"))
      if (text) listener(direction, text.replace(/("(k|an|rs|prev|j)":")(\\.|[^"\\])*/g, "$1…"));
  };
  return {
    name: transport.name,
    open(handlers) {
      const link = transport.open({
        opened: () => handlers.opened(),
        message(text, cost) {
          tell("in", text);
          handlers.message(text, cost);
        },
        closed: (code, reason) => handlers.closed(code, reason),
      });
      return {
        send(text) {
          tell("out", text);
          link.send(text);
        },
        close: (code, reason) => link.close(code, reason),
      };
    },
  };
}
