// A transport over another that carries what is larger than the server takes at once in pieces. Other frames pass between
// them; publishes of the same channel wait, so that they stay in order. The client above sees a greater limit.

import { frameLength } from "../requests/sender.ts";
import type { Transport, TransportLink } from "./transport.ts";

/** UTF-16 units of a frame's text in one piece: escaped, or as three bytes each, they fit in a frame. */
export const pieceLength = 16_384;
/** Pieces under way. */
export const pieceWindowCount = 4;

/** A frame that waits: one to be sent in pieces, or a publish behind one. */
interface Waiting {
  readonly text: string;
  readonly ch: string | undefined;
  readonly r: number | undefined;
  readonly isLarge: boolean;
}

interface Said {
  readonly t: string;
  readonly r?: number;
  readonly ch?: string;
  readonly i?: number;
  readonly k?: number;
}

/** Gives a transport's links a greater limit, where the server knows how. */
export const inPieces = (below: Transport): Transport => ({
  name: below.name,
  open(handlers) {
    const said = (text: string): Said => JSON.parse(text) as Said;
    const [send, came] = newPieces((text) => link.send(text));
    const link: TransportLink = below.open({
      opened: () => handlers.opened(),
      closed: (code, reason) => handlers.closed(code, reason),
      message(text, cost) {
        const [first = "", ...rest] = text.split("\n");
        if (!first.startsWith('{"t":"welcome"')) {
          came(text);
          return handlers.message(text, cost);
        }
        const welcome = said(first) as Said & { readonly max: number; readonly big?: number };
        if (welcome.big) came(first);
        const raised = JSON.stringify({ ...welcome, max: welcome.big ?? welcome.max });
        handlers.message([raised, ...rest].join("\n"), cost);
      },
    });
    const hello = '{"t":"hello"';
    return {
      close: (code, reason) => link.close(code, reason),
      send: (text) =>
        text.startsWith(hello) ? link.send(`${hello},"f":["pieces"]${text.slice(hello.length)}`) : send(text),
    };
  },
});

/** @param pass  sends one frame as it is */
function newPieces(
  pass: (text: string) => void,
): readonly [send: (text: string) => void, came: (text: string) => void] {
  let isWelcome = false;
  let waiting: Waiting[] = [];
  /** Of the first large one: its next piece, where that begins, and how many the server has taken. */
  let next = 0;
  let at = 0;
  let takenCount = 0;

  const front = (): Waiting | undefined => waiting.find(({ isLarge }) => isLarge);

  /** A large one is done, or given up: what waited for it alone is sent, and the next begins. */
  const remove = (finished: Waiting): void => {
    if (finished === front()) next = at = takenCount = 0;
    const blocked = new Set<string | undefined>();
    waiting = waiting.filter((item) => {
      if (item === finished) return false;
      if (item.isLarge) blocked.add(item.ch);
      if (item.isLarge || blocked.has(item.ch)) return true;
      pass(item.text);
      return false;
    });
    pump();
  };

  const pump = (): void => {
    const large = front();
    if (!large) return;
    while (next - takenCount < pieceWindowCount) {
      const { text, r } = large;
      const end = cutBefore(text, at + pieceLength);
      const z = end === text.length ? 1 : undefined;
      pass(JSON.stringify({ t: "piece", r, k: next++, s: text.slice(at, end), z }));
      at = end;
      if (z) return remove(large);
    }
  };

  /** Nobody waits for this frame any more, or the server has refused it: what is left of it is not sent. */
  const giveUp = (r: number | undefined): void => {
    const item = waiting.find((other) => other.isLarge && other.r === r);
    if (item) remove(item);
  };

  return [
    (text) => {
      const isLarge = isWelcome && text.length > frameLength;
      if (!isLarge && !waiting.length) return pass(text);
      const { t, r, ch } = JSON.parse(text) as Said;
      if (isLarge && (t === "pub" || t === "call")) {
        waiting.push({ text, r, ch, isLarge });
        if (front()?.text === text) pump();
      } else if (t === "pub" && waiting.some((item) => item.ch === ch)) waiting.push({ text, r, ch, isLarge: false });
      else {
        pass(text);
        if (t === "cancel") giveUp(r);
      }
    },
    (text) => {
      isWelcome ||= text.startsWith('{"t":"welcome"');
      if (!waiting.length) return;
      for (const line of text.split("\n")) {
        if (!line) continue;
        const { t, r, i, k = 0 } = JSON.parse(line) as Said;
        if (t === "taken" && i === front()?.r) {
          takenCount = k + 1;
          pump();
        } else if (t === "err") giveUp(r);
      }
    },
  ];
}

/** Not between the halves of a surrogate pair: alone they are no text in UTF-8. */
function cutBefore(text: string, end: number): number {
  if (end >= text.length) return text.length;
  const unit = text.charCodeAt(end - 1);
  return unit >= 0xd800 && unit < 0xdc00 ? end - 1 : end;
}
