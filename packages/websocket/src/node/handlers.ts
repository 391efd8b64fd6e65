// What an owner is told of its connection, and the states one can be in.

/** What the owner of a connection is told. One object, given once; nothing is allocated per message. */
export interface WebSocketHandlers {
  onText(text: string): void;
  /** `bytes` are borrowed until this returns. */
  onBinary(bytes: Uint8Array): void;
  /** `payload` is borrowed until this returns. */
  onPong?(payload: Uint8Array): void;
  /** The queue is back at a quarter of `highWaterBytes` or less, having been above that. */
  onWritable?(): void;
  /**
   * The connection is over; called once, last. `code` is the peer's, or ours when the peer broke the protocol or a limit;
   * 1005 when the peer gave none, 1006 when there was no close frame. `wasClean`: both sides sent one.
   */
  onClose(code: number, reason: string, wasClean: boolean): void;
}

/** `open` takes frames. `closing`: we sent a close frame and wait for the peer's. `closed`: `onClose` was called. */
export type ConnectionState = "open" | "closing" | "closed";
