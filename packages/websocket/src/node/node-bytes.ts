// Memory and UTF-8 by Node's Buffer, for the core.

import { isUtf8 } from "node:buffer";
import type { BytesPort } from "../core/bytes-port.ts";

/** A view on the same memory with Buffer's methods. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const nodeBytes: BytesPort = {
  allocate: (size) => Buffer.allocUnsafeSlow(size),
  decodeUtf8(bytes, start, end) {
    const text = asBuffer(bytes).toString("utf8", start, end);
    // Bad bytes decode to U+FFFD; a text without one was good, and one with it is looked at again.
    if (!text.includes("\ufffd") || isUtf8(bytes.subarray(start, end))) return text;
    return undefined;
  },
  isUtf8: (bytes, start, end) => isUtf8(bytes.subarray(start, end)),
};
