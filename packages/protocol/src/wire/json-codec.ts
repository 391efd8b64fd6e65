// The JSON codec: one object a frame, frames of a message separated by "\n". Stored payloads are pasted verbatim, which
// is safe because what is stored is always one JSON.stringify of ours and so holds no raw newline.

import { base64Encode, utf8Decode, utf8Encode } from "@heddle/base";
import { parseShallow } from "./depth.ts";
import type { Codec, Decoded, Encoded, HistoryPage, PublicationBody } from "./codec.ts";

/** WebSocket subprotocol of the JSON codec; a client that offers none gets it too. */
export const jsonSubprotocol = "heddle.v1.json";

export const jsonCodec: Codec = {
  name: "json",
  subprotocol: jsonSubprotocol,
  encode: (frame, paste) => {
    const text = JSON.stringify(frame);
    return ofText(paste === undefined ? text : `${text.slice(0, -1)},"${paste.key}":${paste.json}}`);
  },
  publication: (alias, body) => ofText(`{"t":"m","c":${alias}${fieldsOf(body)}}`),
  history: (r, page) => ofText(`{"t":"ok","r":${r},"d":${pageText(page)}}`),
  decode: (message) =>
    (typeof message === "string" ? message : utf8Decode(message)).split("\n").filter(Boolean).map(parse),
};

const parse = (text: string): Decoded => ({ value: parseShallow(text), cost: text.length });

function ofText(text: string): Encoded {
  return { bytes: utf8Encode(text), cost: text.length };
}

/** A page of history as JSON text, which is what it is in every codec. */
export function pageText({ entries, p, more }: HistoryPage): string {
  const list = entries.map((body) => `{${fieldsOf(body).slice(1)}}`).join(",");
  return `{"list":[${list}],"p":${JSON.stringify(p)},"more":${more ? 1 : 0}}`;
}

/** The keys of an `m` body, each with its comma before it. */
function fieldsOf(body: PublicationBody): string {
  const { pos } = body;
  let text = "";
  if (pos !== undefined) {
    text = `,"o":${pos.offset},"g":${pos.tag}`;
    if (body.prevOffset !== undefined && body.prevOffset !== pos.offset - 1) text += `,"p":${body.prevOffset}`;
  }
  if (body.event) text += `,"e":${JSON.stringify(body.event)}`;
  if (body.id) text += `,"i":${JSON.stringify(body.id)}`;
  if (body.key) text += `,"key":${JSON.stringify(body.key)}`;
  if (body.ts) text += `,"ts":${body.ts}`;
  if (body.user) text += `,"u":${JSON.stringify(body.user)}`;
  if (body.traceparent) text += `,"tp":${JSON.stringify(body.traceparent)}`;
  return body.kind === "json" ? `${text},"d":${utf8Decode(body.data)}` : `${text},"b":"${base64Encode(body.data)}"`;
}
