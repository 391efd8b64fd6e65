// The port through which the client reaches a server. Whoever wraps it (simulation, fault decorator) changes the weather,
// not the client.

/**
 * What a transport reports, never before `open` has returned. `opened` comes at most once and first, `closed` exactly once
 * and last.
 */
export interface TransportHandlers {
  opened(): void;
  /** One message: one or more frames separated by "\n". */
  message(text: string): void;
  /** `code` as in RFC 6455 §7.4; 1006 when the link just broke or never opened. */
  closed(code: number, reason: string): void;
}

/** One attempt to be connected. */
export interface TransportLink {
  /** Sends one message. Dropped when the link is not open. */
  send(text: string): void;
  /** Begins the end, open or not. `closed` is still reported once, later. */
  close(code?: number, reason?: string): void;
}

export interface Transport {
  /** For people: "websocket". */
  readonly name: string;
  /** Begins a connection. May throw when it can never work, e.g. for an address that is none. */
  open(handlers: TransportHandlers): TransportLink;
}
