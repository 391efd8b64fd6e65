// The port through which the client reaches a server. Whoever wraps it (simulation, fault decorator) changes the weather,
// not the client.

/**
 * What a transport reports, never before `open` has returned. `opened` comes at most once and first, `closed` exactly once
 * and last.
 */
export interface TransportHandlers {
  opened(): void;
  /**
   * One message: one or more frames as JSON text, separated by "\n".
   *
   * @param cost  what it costs in flow control, for a single frame that came in another form. Default: its length
   */
  message(text: string, cost?: number): void;
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

/** How frames travel in another form than the JSON text in which a client speaks of them. */
export interface FrameCodec {
  /** WebSocket subprotocol that says so. */
  readonly subprotocol: string;
  encode(text: string): Uint8Array;
  /** The frames of one message. @throws when it is none */
  decode(message: Uint8Array): readonly { readonly text: string; readonly cost: number }[];
}

export interface Transport {
  /** For people: "websocket". */
  readonly name: string;
  /** For people: why it is none that would be better. Default: there is none. */
  readonly why?: string | undefined;
  /** A connection gives way to one that stands already: until that is welcomed the client's state is not told. Default false. */
  readonly isMoving?: boolean;
  /** Begins a connection. May throw when it can never work, e.g. for an address that is none. */
  open(handlers: TransportHandlers): TransportLink;
}
