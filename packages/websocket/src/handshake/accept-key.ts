// The proof that the other side read our handshake (RFC 6455 §1.3): SHA-1 of the key and a fixed text.

import { createHash } from "node:crypto";

const fixedText = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The Sec-WebSocket-Accept that answers `key`. */
export const acceptKeyFor = (key: string): string =>
  createHash("sha1")
    .update(key + fixedText)
    .digest("base64");

/** Whether `key` is 16 bytes in base64 (§4.1). */
export const isHandshakeKey = (key: string): boolean => /^[A-Za-z0-9+/]{22}==$/.test(key);
