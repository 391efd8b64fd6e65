// Reads server frames of a WebSocket: unmasked, unfragmented, as the servers under test send them. Counts without copying.

/** Calls `onFrame(bytes, start, end, opcode)` for each whole frame; its payload is `bytes` from `start` to `end`. */
export class FrameReader {
  #rest = undefined;
  #onFrame;

  constructor(onFrame) {
    this.#onFrame = onFrame;
  }

  /** `chunk` is only looked at during the call: its memory may be used again. */
  push(chunk) {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    let at = 0;
    for (;;) {
      const left = bytes.length - at;
      if (left < 2) break;
      let length = bytes[at + 1] & 0x7f;
      let header = 2;
      if (length === 126) {
        header = 4;
        if (left < header) break;
        length = bytes.readUInt16BE(at + 2);
      } else if (length === 127) {
        header = 10;
        if (left < header) break;
        length = Number(bytes.readBigUInt64BE(at + 2));
      }
      if (left < header + length) break;
      this.#onFrame(bytes, at + header, at + header + length, bytes[at] & 0x0f);
      at += header + length;
    }
    if (at < bytes.length) this.#rest = Buffer.from(bytes.subarray(at));
  }
}

/** A masked client text frame. The mask is zero: the servers do the same work, the driver does less. */
export function clientText(text) {
  const payload = Buffer.from(text);
  const { length } = payload;
  const header = length < 126 ? Buffer.alloc(6) : Buffer.alloc(8);
  header[0] = 0x81;
  if (length < 126) header[1] = 0x80 | length;
  else if (length < 65_536) {
    header[1] = 0x80 | 126;
    header.writeUInt16BE(length, 2);
  } else throw new RangeError(`clientText: ${length} bytes, at most 65535`);
  return Buffer.concat([header, payload]);
}
