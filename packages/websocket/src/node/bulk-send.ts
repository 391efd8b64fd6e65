// One list of frames for many connections. They are appended like any other frames, so nothing is overtaken; connections
// with equal queues write the same memory.

import type { PreparedFrame } from "../core/frame.ts";
import type { WebSocketConnection } from "./connection.ts";

/** Appends `frames`, in order, to the queue of every connection in `to` that is open. */
export function sendAll(frames: readonly PreparedFrame[], to: readonly WebSocketConnection[]): void {
  for (let index = 0; index < to.length; index++) (to[index] as WebSocketConnection).sendFrames(frames);
}
