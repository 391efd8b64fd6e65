// How several sessions share one socket: each message is one session's, named by its number. PROTOCOL.md, "Many sessions on one socket".

/** WebSocket subprotocol of a socket that carries sessions of several tabs, their frames as JSON. */
export const tabsSubprotocol = "heddle.v1.tabs";

/** Frames of a session, or its end. */
export type TabMessage =
  | { readonly n: number; readonly text: string }
  | { readonly n: number; readonly code: number; readonly reason: string };

/** What a message of such a socket is; undefined when it is none. */
export function parseTabMessage(message: string): TabMessage | undefined {
  const [head, number, separator] = /^(\d{1,10})([ \n])/.exec(message) ?? [];
  if (head === undefined) return undefined;
  const n = Number(number);
  const rest = message.slice(head.length);
  if (separator === "\n") return { n, text: rest };
  const [whole, code, reason = ""] = /^(\d{4})(?: (.*))?$/s.exec(rest) ?? [];
  return whole === undefined ? undefined : { n, code: Number(code), reason };
}

/** Frames of session `n`. */
export const tabFrames = (n: number, text: string): string => `${n}\n${text}`;

/** The end of session `n`, with a close code as of a socket of its own. */
export const tabEnd = (n: number, code: number, reason: string): string => `${n} ${code} ${reason}`;
