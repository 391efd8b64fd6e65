// Bytes in, messages out (RFC 6455 §5, §6.2, §8.1, §10.7). Works on the received memory; knows no socket and sends nothing.

import type { BytesPort } from "./bytes-port.ts";
import { closeCodes, isSendableCloseCode } from "./close-code.ts";
import { FrameAllowance, type FrameRates } from "./frame-allowance.ts";
import { applyMask } from "./mask.ts";
import type { Inflater } from "./inflater-port.ts";
import { controlPayloadBytesMax, opcodes, type Role } from "./opcode.ts";
import { Utf8Checker } from "./utf8-checker.ts";

/** What a reader reports, in the order of the wire. After `readClose` or `readFailure` it reports nothing more. */
export interface ReaderEvents {
  readText(text: string): void;
  /** `bytes` are borrowed until this returns. */
  readBinary(bytes: Uint8Array): void;
  /** `payload` is borrowed until this returns. */
  readPing(payload: Uint8Array): void;
  /** `payload` is borrowed until this returns. */
  readPong(payload: Uint8Array): void;
  /** The peer's close frame; `code` is undefined when its body was empty. */
  readClose(code: number | undefined, reason: string): void;
  /** The peer broke the protocol or a limit: the connection is to be failed with `code` (§7.1.7). */
  readFailure(code: number, why: string): void;
}

export interface ReaderOptions {
  /** Our own side: a server wants masked frames, a client unmasked ones (§5.1). */
  readonly role: Role;
  readonly host: BytesPort;
  /** Largest message after reassembly, in bytes: on the wire, and once inflated. */
  readonly maxMessageBytes: number;
  /** Most frames of one message. */
  readonly maxFragments: number;
  /** How often frames may come. Default: as often as they like. */
  readonly rates?: FrameRates;
}

const headerBytesMax = 14;
const assemblyBytesMin = 256;
const rsv1 = 0x40;
const nothing = new Uint8Array(0);

/**
 * Cuts one direction of a connection into messages. A message that lies in one piece of received memory is delivered
 * from there, without a copy; one that arrives in parts is gathered in memory that at most doubles with what has come,
 * never with what was announced.
 */
export class MessageReader {
  readonly #events: ReaderEvents;
  readonly #options: ReaderOptions;
  readonly #wantsMask: boolean;
  readonly #maskBit: number;
  readonly #inflater: Inflater | undefined;
  #isDone = false;

  /** A header that ended with the received bytes; 2–14 bytes are needed. */
  #header: Uint8Array = nothing;
  #headerBytes = 0;

  /** The frame whose payload is being read. */
  #inPayload = false;
  #opcode = 0;
  #isFinal = false;
  #length = 0;
  #taken = 0;
  #key = 0;

  /** The message being gathered; opcode 0 when there is none. */
  #messageOpcode = 0;
  #isCompressed = false;
  #fragmentCount = 0;
  #gathered: Uint8Array = nothing;
  #gatheredBytes = 0;
  #checker: Utf8Checker | undefined;

  /** A control frame that came in parts. Apart from the message, which it may interrupt (§5.4). */
  #control: Uint8Array = nothing;

  readonly #allowance: FrameAllowance | undefined;
  #begunCount = 0;

  /** @param inflater  given when compression was negotiated: RSV1 then marks compressed messages (RFC 7692 §6) */
  constructor(events: ReaderEvents, options: ReaderOptions, inflater?: Inflater) {
    this.#events = events;
    this.#options = options;
    this.#inflater = inflater;
    this.#wantsMask = options.role === "server";
    this.#maskBit = this.#wantsMask ? 0x80 : 0;
    this.#allowance = options.rates === undefined ? undefined : new FrameAllowance(options.rates);
  }

  /** Whether something has begun and is not complete: a message, or a frame's header. */
  get isMidway(): boolean {
    return !this.#isDone && (this.#inPayload || this.#headerBytes > 0 || this.#messageOpcode !== 0);
  }

  /** Changes whenever a message begins, and with a control frame outside of one. */
  get begunCount(): number {
    return this.#begunCount;
  }

  /** Takes the next received bytes. The reader owns `chunk` from here on and writes to it (unmasking). */
  read(chunk: Uint8Array): void {
    let at = 0;
    while (!this.#isDone) {
      if (!this.#inPayload) {
        if (at === chunk.length) return;
        if (this.#messageOpcode === 0 && this.#headerBytes === 0) this.#begunCount = (this.#begunCount + 1) | 0;
        at = this.#readHeader(chunk, at);
        if (!this.#inPayload) return; // it ends here, or it was refused
      }
      if (at === chunk.length && this.#length > 0) return;
      at = this.#readPayload(chunk, at);
    }
  }

  /** Reports nothing from now on, and lets go of what was gathered. */
  stop(): void {
    this.#isDone = true;
    this.#gathered = nothing;
    this.#control = nothing;
    this.#header = nothing;
  }

  /** Returns where the payload begins, or the end of `chunk` when the header is not complete yet. */
  #readHeader(chunk: Uint8Array, from: number): number {
    if (this.#headerBytes === 0) {
      const used = this.#parseHeader(chunk, from, chunk.length - from);
      if (used > 0) return from + used;
      if (this.#isDone) return chunk.length;
    }
    if (this.#header === nothing) this.#header = new Uint8Array(headerBytesMax);
    for (let at = from; at < chunk.length; at++) {
      this.#header[this.#headerBytes++] = chunk[at] as number;
      const used = this.#parseHeader(this.#header, 0, this.#headerBytes);
      if (this.#isDone) return chunk.length;
      if (used > 0) {
        this.#headerBytes = 0;
        return at + 1;
      }
    }
    return chunk.length;
  }

  /** Reads one header (§5.2). Returns its length, or 0 when `available` bytes are too few or it was refused. */
  #parseHeader(bytes: Uint8Array, at: number, available: number): number {
    if (available < 2) return 0;
    const first = bytes[at] as number;
    const second = bytes[at + 1] as number;
    const flaw = this.#flawOf(first, second);
    if (flaw !== undefined) return this.#refuse(closeCodes.protocolError, flaw);
    const lengthCode = second & 0x7f;
    const lengthBytes = lengthCode < 126 ? 0 : lengthCode === 126 ? 2 : 8;
    const headerBytes = 2 + lengthBytes + (this.#wantsMask ? 4 : 0);
    if (available < headerBytes) return 0;
    const tooMany = this.#allowance?.exceededBy(first & 0x0f);
    if (tooMany !== undefined) return this.#refuse(closeCodes.policy, tooMany);

    let length = lengthCode;
    if (lengthBytes > 0) {
      length = readLength(bytes, at + 2, lengthBytes);
      // §5.2: the fewest bytes, and the highest bit of eight is 0.
      if (length < (lengthBytes === 2 ? 126 : 65_536))
        return this.#refuse(closeCodes.protocolError, "length not in its shortest form");
      // Looked up in the byte: as a number, 2^63 - 1 is 2^63.
      if (lengthBytes === 8 && (bytes[at + 2] as number) >= 0x80)
        return this.#refuse(closeCodes.protocolError, "length above 2^63");
    }
    this.#opcode = first & 0x0f;
    this.#isFinal = first >= 0x80;
    if (this.#opcode < 8 && !this.#admit(length)) return 0;
    if (isMessageStart(this.#opcode)) this.#isCompressed = (first & rsv1) !== 0;
    this.#length = length;
    this.#taken = 0;
    this.#inPayload = true;
    if (this.#wantsMask) this.#key = readWord(bytes, at + headerBytes - 4);
    return headerBytes;
  }

  /** What is wrong with a header's first two bytes, if anything. */
  #flawOf(first: number, second: number): string | undefined {
    if ((first & 0x70) !== 0 && !this.#mayReserve(first)) return "reserved bits set"; // §5.2
    if ((second & 0x80) !== this.#maskBit) return this.#wantsMask ? "frame not masked" : "frame masked"; // §5.1
    const opcode = first & 0x0f;
    if (opcode >= 8) {
      if (opcode > opcodes.pong) return `unknown opcode ${opcode}`; // §5.2
      if (first < 0x80) return "control frame fragmented"; // §5.5
      if ((second & 0x7f) > controlPayloadBytesMax) return "control frame over 125 bytes"; // §5.5
      return undefined;
    }
    if (opcode > opcodes.binary) return `unknown opcode ${opcode}`; // §5.2
    if (opcode === opcodes.continuation) return this.#messageOpcode === 0 ? "continuation of nothing" : undefined; // §5.4
    return this.#messageOpcode === 0 ? undefined : "new message inside another"; // §5.4
  }

  /** Whether the reserved bits of a header's first byte have a meaning: RSV1 does where a message begins (RFC 7692 §6). */
  #mayReserve(first: number): boolean {
    return this.#inflater !== undefined && (first & 0x70) === rsv1 && isMessageStart(first & 0x0f);
  }

  /** Checks a data frame against the limits before any of it is kept (§10.4). */
  #admit(length: number): boolean {
    const { maxMessageBytes, maxFragments } = this.#options;
    if (this.#gatheredBytes + length > maxMessageBytes) {
      this.#refuse(closeCodes.tooBig, `message over ${maxMessageBytes} bytes`);
      return false;
    }
    if (this.#opcode !== opcodes.continuation) {
      this.#fragmentCount = 1;
      if (!this.#isFinal) this.#messageOpcode = this.#opcode;
    } else if (++this.#fragmentCount > maxFragments) {
      this.#refuse(closeCodes.tooBig, `message in over ${maxFragments} frames`);
      return false;
    }
    return true;
  }

  /** Takes what `chunk` holds of the current payload; returns where the rest of `chunk` begins. */
  #readPayload(chunk: Uint8Array, at: number): number {
    const end = Math.min(at + this.#length - this.#taken, chunk.length);
    if (this.#wantsMask && end > at) applyMask(chunk, at, end, this.#key, this.#taken);
    const isWhole = this.#taken === 0 && end - at === this.#length;
    const before = this.#taken;
    this.#taken += end - at;
    if (this.#taken === this.#length) this.#inPayload = false;

    if (this.#opcode >= 8) this.#takeControl(chunk, at, end, before);
    else if (isWhole && this.#isFinal && this.#opcode !== opcodes.continuation)
      this.#deliver(this.#opcode, chunk, at, end);
    else this.#gather(chunk, at, end);
    return end;
  }

  /** Reports a whole message, inflated when it came compressed (RFC 7692 §6.2). */
  #deliver(opcode: number, bytes: Uint8Array, start: number, end: number): void {
    if (!this.#isCompressed || this.#inflater === undefined) return this.#report(opcode, bytes, start, end);
    const { maxMessageBytes } = this.#options;
    const plain = this.#inflater.inflate(bytes.subarray(start, end), maxMessageBytes);
    if (plain === "too-big") this.#refuse(closeCodes.tooBig, `message over ${maxMessageBytes} bytes once inflated`);
    else if (plain === "broken")
      this.#refuse(closeCodes.invalidText, "compressed message is broken"); // RFC 6455 §7.4.1: not what its type says
    else this.#report(opcode, plain, 0, plain.length);
  }

  #report(opcode: number, bytes: Uint8Array, start: number, end: number): void {
    if (opcode === opcodes.binary) {
      this.#events.readBinary(bytes.subarray(start, end));
      return;
    }
    const text = this.#options.host.decodeUtf8(bytes, start, end);
    if (text === undefined)
      this.#refuse(closeCodes.invalidText, "text is not UTF-8"); // §8.1
    else this.#events.readText(text);
  }

  /** Appends to the message that comes in parts, and delivers it with its last byte. */
  #gather(chunk: Uint8Array, start: number, end: number): void {
    // A final frame that is not whole yet begins a message too.
    if (this.#messageOpcode === 0) this.#messageOpcode = this.#opcode;
    if (this.#messageOpcode === opcodes.text && !this.#isCompressed) {
      this.#checker ??= new Utf8Checker(this.#options.host);
      // Checked as it comes, so that a bad text ends at its first bad byte (§8.1).
      if (!this.#checker.take(chunk, start, end)) return void this.#refuse(closeCodes.invalidText, "text is not UTF-8");
    }
    if (end > start) {
      this.#reserve(this.#gatheredBytes + end - start);
      this.#gathered.set(chunk.subarray(start, end), this.#gatheredBytes);
      this.#gatheredBytes += end - start;
    }
    if (this.#inPayload || !this.#isFinal) return;

    if (this.#messageOpcode === opcodes.text && this.#checker?.isComplete === false) {
      return void this.#refuse(closeCodes.invalidText, "text ends inside a character"); // §5.6
    }
    const opcode = this.#messageOpcode;
    const bytes = this.#gathered;
    const length = this.#gatheredBytes;
    this.#messageOpcode = 0;
    this.#gathered = nothing;
    this.#gatheredBytes = 0;
    this.#deliver(opcode, bytes, 0, length);
  }

  /** Makes room for `needed` bytes of the message. Doubling keeps the copying linear in the message's size. */
  #reserve(needed: number): void {
    if (this.#gathered.length >= needed) return;
    const roomy = Math.max(needed, this.#gathered.length * 2, assemblyBytesMin);
    // In the last frame the whole size is known.
    const most = this.#isFinal ? needed + this.#length - this.#taken : this.#options.maxMessageBytes;
    const grown = this.#options.host.allocate(Math.min(roomy, most));
    grown.set(this.#gathered.subarray(0, this.#gatheredBytes));
    this.#gathered = grown;
  }

  #takeControl(chunk: Uint8Array, start: number, end: number, before: number): void {
    if (before === 0 && !this.#inPayload) return this.#dispatchControl(chunk.subarray(start, end));
    if (this.#control === nothing) this.#control = new Uint8Array(controlPayloadBytesMax);
    this.#control.set(chunk.subarray(start, end), before);
    if (!this.#inPayload) this.#dispatchControl(this.#control.subarray(0, this.#length));
  }

  #dispatchControl(payload: Uint8Array): void {
    if (this.#opcode === opcodes.ping) this.#events.readPing(payload);
    else if (this.#opcode === opcodes.pong) this.#events.readPong(payload);
    else this.#takeClose(payload);
  }

  /** Reads a close frame's body (§5.5.1, §7.4). */
  #takeClose(payload: Uint8Array): void {
    if (payload.length === 0) return this.#end(undefined, "");
    if (payload.length === 1) return void this.#refuse(closeCodes.protocolError, "close frame with half a code");
    const code = ((payload[0] as number) << 8) | (payload[1] as number);
    if (!isSendableCloseCode(code)) return void this.#refuse(closeCodes.protocolError, `close code ${code} in a frame`);
    const reason = this.#options.host.decodeUtf8(payload, 2, payload.length);
    if (reason === undefined) return void this.#refuse(closeCodes.invalidText, "close reason is not UTF-8");
    this.#end(code, reason);
  }

  #end(code: number | undefined, reason: string): void {
    this.stop();
    this.#events.readClose(code, reason);
  }

  #refuse(code: number, why: string): 0 {
    this.stop();
    this.#events.readFailure(code, why);
    return 0;
  }
}

/** Whether a frame of this kind begins a message. */
const isMessageStart = (opcode: number): boolean => opcode === opcodes.text || opcode === opcodes.binary;

/** A 2- or 8-byte length in network byte order. Above 2^53 it is rounded, which no limit lets through anyway. */
function readLength(bytes: Uint8Array, at: number, byteCount: number): number {
  if (byteCount === 2) return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  return (readWord(bytes, at) >>> 0) * 2 ** 32 + (readWord(bytes, at + 4) >>> 0);
}

const readWord = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) << 24) |
  ((bytes[at + 1] as number) << 16) |
  ((bytes[at + 2] as number) << 8) |
  (bytes[at + 3] as number);
