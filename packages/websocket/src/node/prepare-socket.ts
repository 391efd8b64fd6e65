// Undoes what HTTP set on a socket: its idle limit, and the delay of small writes.

import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** Makes a socket that has shaken hands ready for frames. Streams that are no sockets have nothing to undo. */
export function prepareSocket(socket: Duplex & Partial<Pick<Socket, "setTimeout" | "setNoDelay">>): void {
  socket.setTimeout?.(0);
  socket.setNoDelay?.(true);
}
