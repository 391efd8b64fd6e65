// Connects a socket's events to the object that owns it, with one set of listeners for all sockets: a closure per event
// and connection would cost more memory than the connection itself.

import type { Duplex } from "node:stream";

/** Who is told what happens to a socket. */
export interface SocketOwner {
  onSocketData(chunk: Buffer): void;
  onSocketEnd(): void;
  onSocketError(error: Error): void;
  /** Called once, last. */
  onSocketClose(): void;
}

const owner = Symbol("owner");
type OwnedSocket = Duplex & { [owner]: SocketOwner };

/** Makes `to` the receiver of the socket's events. Reading begins with `socket.resume()`. */
export function ownSocket(socket: Duplex, to: SocketOwner): void {
  (socket as OwnedSocket)[owner] = to;
  // A 'data' listener would set a socket flowing unless it was paused before.
  socket.pause();
  socket.on("data", onData).on("end", onEnd).on("error", onError).on("close", onClose);
}

function onData(this: Duplex, chunk: Buffer): void {
  (this as OwnedSocket)[owner].onSocketData(chunk);
}

function onEnd(this: Duplex): void {
  (this as OwnedSocket)[owner].onSocketEnd();
}

function onError(this: Duplex, error: Error): void {
  (this as OwnedSocket)[owner].onSocketError(error);
}

function onClose(this: Duplex): void {
  (this as OwnedSocket)[owner].onSocketClose();
}
