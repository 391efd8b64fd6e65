// The MessagePack codec of a server: a frame is `[number, map]` with the keys of the JSON frame, frames of a message stand
// back to back. Stored payloads are JSON text in any codec, so they are pasted here as well.

import { utf8Encode } from "@heddle/base";
import { clientFrameShapes } from "../client-frames.ts";
import type { Codec, Decoded, Encoded, PublicationBody } from "../codec.ts";
import { pageText } from "../json-codec.ts";
import { serverFrameShapes } from "../server-frames.ts";
import { frameNames } from "./frame-names.ts";
import { parseShallow } from "../depth.ts";
import { MessagePackReader } from "./reader.ts";
import { MessagePackWriter } from "./writer.ts";

/** WebSocket subprotocol of this codec. */
export const messagePackSubprotocol = "heddle.v1.mp";

const nameOf = frameNames(clientFrameShapes);

/** Give it to `createServer({ codecs: [messagePackCodec] })`. */
export const messagePackCodec: Codec = {
  name: "mp",
  subprotocol: messagePackSubprotocol,
  encode(frame, paste) {
    const writer = begun(serverFrameShapes[frame.t].number, paste?.json.length);
    writer.fields(frame, "t", paste === undefined ? 0 : 1);
    if (paste !== undefined) {
      writer.text(paste.key);
      writer.binary(utf8Encode(paste.json));
    }
    return encoded(writer);
  },
  publication(alias, body) {
    const writer = begun(serverFrameShapes.m.number, body.data.length);
    writePublication(writer, alias, body);
    return encoded(writer);
  },
  history(r, page) {
    const json = pageText(page);
    const writer = begun(serverFrameShapes.ok.number, json.length);
    writer.map(2);
    writer.field("r", r);
    writer.text("d");
    writer.binary(utf8Encode(json));
    return encoded(writer);
  },
  /** @throws {MessagePackError} */
  decode(message) {
    const reader = new MessagePackReader(typeof message === "string" ? utf8Encode(message) : message, parseShallow);
    const frames: Decoded[] = [];
    while (!reader.isAtEnd) {
      const from = reader.at - reader.wideBytes;
      const value = reader.frame(nameOf);
      // Text counts as in JSON, where the client measured it: what passed there is not too large here.
      frames.push({ value, cost: reader.at - reader.wideBytes - from });
    }
    return frames;
  },
};

function begun(number: number, payloadBytes = 0): MessagePackWriter {
  const writer = new MessagePackWriter(160 + payloadBytes);
  writer.array(2);
  writer.number(number);
  return writer;
}

function encoded(writer: MessagePackWriter): Encoded {
  const bytes = writer.finish();
  return { bytes, cost: bytes.length };
}

function writePublication(writer: MessagePackWriter, alias: number, body: PublicationBody): void {
  const { pos, prevOffset } = body;
  const isJump = pos !== undefined && prevOffset !== undefined && prevOffset !== pos.offset - 1;
  const fields = {
    c: alias,
    o: pos?.offset,
    g: pos?.tag,
    p: isJump ? prevOffset : undefined,
    e: body.event || undefined,
    i: body.id || undefined,
    key: body.key || undefined,
    ts: body.ts || undefined,
    u: body.user || undefined,
    tp: body.traceparent || undefined,
  };
  writer.fields(fields, undefined, 1);
  writer.text(body.kind === "json" ? "d" : "b");
  writer.binary(body.data);
}
