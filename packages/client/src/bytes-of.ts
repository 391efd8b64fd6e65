// Base64 text of a frame to bytes.

import { base64Decode } from "@heddle/base";

/** @throws {TypeError} when it is no base64 */
export function bytesOf(base64: string): Uint8Array {
  const bytes = base64Decode(base64);
  if (bytes) return bytes;
  throw new TypeError("b: no base64");
}
