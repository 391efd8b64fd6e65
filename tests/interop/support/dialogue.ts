// What every pair of implementations is put through. The peers' programs say the same in their own languages.

/** The subprotocol both sides agree on, offered behind one the server does not know. */
export const protocol = "heddle.interop";
export const protocolsOffered = ["unknown", protocol];

/** Asked of a server in a text message; everything else is echoed. */
export const requests = {
  /** A ping with the payload "server"; when its pong is there, the text "pong server". */
  ping: "ping me",
  /** The text "fragmented ✓" in several frames. */
  fragments: "fragment me",
  /** A close with 4002 and "bye ✓". */
  close: "close me",
} as const;

export const serverClose = { code: 4002, reason: "bye ✓" } as const;
export const clientClose = { code: 4001, reason: "done ✓" } as const;

export const text = "grüße 𝄞 \u0000 ✓";
export const binary = Uint8Array.from({ length: 256 }, (_, index) => index);
export const megabyteText = "é".repeat(2 ** 19);
export const megabyteBinary = new Uint8Array(2 ** 20).fill(0xa5);

/** What a client saw. Absent: its interface has no way to do that. */
export interface Report {
  readonly protocol: string;
  /** Whether permessage-deflate is in use. */
  readonly compressed: boolean;
  /** Whether each came back as it was sent. */
  readonly text: boolean;
  readonly binary: boolean;
  readonly megabyteText: boolean;
  readonly megabyteBinary: boolean;
  /** Whether a text sent in fragments came back whole. */
  readonly fragments?: boolean;
  /** Whether a ping was answered with its payload. */
  readonly pong?: boolean;
  /** Whether the server got the pong for its ping. */
  readonly ponged: boolean;
  /** Whether a text the server sent in fragments arrived whole. */
  readonly reassembled: boolean;
  /** How the server's close arrived. */
  readonly closed: readonly [code: number, reason: string];
}

export const goodReport = (compressed: boolean): Report => ({
  ...{ protocol, compressed, text: true, binary: true, megabyteText: true, megabyteBinary: true },
  ...{ fragments: true, pong: true, ponged: true, reassembled: true, closed: [serverClose.code, serverClose.reason] },
});
