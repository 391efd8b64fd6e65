// Which close codes may stand in a close frame (RFC 6455 §7.4), and the ones this package uses itself.

/** Codes this package sends or reports. `none` and `lost` never travel (§7.4.1). */
export const closeCodes = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  /** Reported when the peer's close frame carried no code. */
  none: 1005,
  /** Reported when the connection ended without a close frame. */
  lost: 1006,
  invalidText: 1007,
  /** A limit on behaviour rather than size: too slow, too often. */
  policy: 1008,
  tooBig: 1009,
} as const;

/**
 * Whether `code` may be put into, or found in, a close frame: the registered ones but 1004, 1005, 1006 and 1015, then
 * 3000–3999 (registered by libraries) and 4000–4999 (private use).
 */
export function isSendableCloseCode(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  if (code >= 3000) return code <= 4999; // §7.4.2
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006; // §7.4.1, IANA registry
}
