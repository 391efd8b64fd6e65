// Text and bytes, without Node: UTF-8, base64url, concatenation.

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true }); // a leading U+FEFF is text like any other
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 bytes of `text`; the caller owns them. Lone surrogates become U+FFFD. */
export const utf8Encode = (text: string): Uint8Array => encoder.encode(text);

/** Text of bytes known to be UTF-8. */
export const utf8Decode = (bytes: Uint8Array): string => decoder.decode(bytes);

/** Text of bytes from outside. @throws {TypeError} when they are not UTF-8 */
export const utf8DecodeStrict = (bytes: Uint8Array): string => strictDecoder.decode(bytes);

/** One new array holding all parts in order. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Base64 (RFC 4648 §4, padded) of `bytes`. */
export function base64Encode(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Bytes of base64 text, or undefined when it is not base64. */
export function base64Decode(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return undefined; // the length is no base64 length
  }
}

/** Base64url without padding (RFC 4648 §5) of `bytes`. */
export const base64urlEncode = (bytes: Uint8Array): string =>
  base64Encode(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

/** Bytes of base64url text, or undefined when it is not base64url. */
export const base64urlDecode = (text: string): Uint8Array | undefined =>
  /^[A-Za-z0-9_-]*$/.test(text) ? base64Decode(text.replace(/-/g, "+").replace(/_/g, "/")) : undefined;
