// Our reader of frames and the one of `ws`, made to tell the same story: what was read, and after how many bytes.

import * as wsModule from "ws";
import type { Inflater } from "../../core/inflater-port.ts";
import { MessageReader, type ReaderEvents } from "../../core/message-reader.ts";
import type { Role } from "../../core/opcode.ts";
import { nodeBytes } from "../../node/node-bytes.ts";

/** One event of a reader, and how many bytes it had been given by then. */
export interface Told {
  readonly at: number;
  /** `text …`, `binary …`, `ping …`, `pong …`, `close CODE …` or `fail CODE`. */
  readonly what: string;
  /** Our words for a failure. */
  readonly why?: string;
}

export interface Limits {
  readonly role: Role;
  readonly maxMessageBytes: number;
  readonly maxFragments: number;
}

/** Bytes of the mask key in the headers read: 4 as a server, else 0. */
export const keyBytesOf = ({ role }: Limits): number => (role === "server" ? 4 : 0);

/** What our reader tells of an input that comes in pieces of the sizes `pieceBytes` gives. */
export function tellOurs(input: Uint8Array, limits: Limits, pieceBytes: () => number, inflater?: Inflater): Told[] {
  const all: Told[] = [];
  let at = 0;
  const tell = (what: string, why?: string): void => void all.push({ at, what, ...(why === undefined ? {} : { why }) });
  const events: ReaderEvents = {
    readText: (text) => tell(`text ${text}`),
    readBinary: (bytes) => tell(`binary ${hex(bytes)}`),
    readPing: (payload) => tell(`ping ${hex(payload)}`),
    readPong: (payload) => tell(`pong ${hex(payload)}`),
    readClose: (code, reason) => tell(`close ${code ?? 1005} ${reason}`),
    readFailure: (code, why) => tell(`fail ${code}`, why),
  };
  const reader = new MessageReader(events, { ...limits, host: nodeBytes }, inflater);
  while (at < input.length) {
    const from = at;
    at = Math.min(input.length, from + pieceBytes());
    reader.read(input.slice(from, at));
  }
  return all;
}

/** The decompression of ws. */
export interface TheirDeflate {
  /** @param offers  parameters, each with a list of its values */
  accept(offers: readonly Readonly<Record<string, readonly (string | true)[]>>[]): unknown;
  cleanup(): void;
}

/** The part of ws's reader used here. */
interface Receiver {
  on(event: "message", listener: (data: Buffer, isBinary: boolean) => void): this;
  on(event: "ping" | "pong", listener: (payload: Buffer) => void): this;
  on(event: "conclude", listener: (code: number, reason: Buffer) => void): this;
  /** Directly: the stream around it would add turns of its own. */
  _write(chunk: Buffer, encoding: string, done: (error?: Error | null) => void): void;
}

/** What ws exports and its types do not have. */
const { Receiver: ReceiverClass, PerMessageDeflate } = wsModule as unknown as {
  Receiver: new (options: {
    readonly isServer: boolean;
    readonly maxPayload: number;
    readonly maxFragments: number;
    readonly extensions: Readonly<Record<string, TheirDeflate>>;
  }) => Receiver;
  PerMessageDeflate: new (options: { readonly isServer: boolean; readonly maxPayload: number }) => TheirDeflate;
};

export const theirDeflate = ({ role, maxMessageBytes }: Limits): TheirDeflate =>
  new PerMessageDeflate({ isServer: role === "server", maxPayload: maxMessageBytes });

/** What the reader of ws tells, one byte at a time. */
export async function tellTheirs(input: Uint8Array, limits: Limits, deflate?: TheirDeflate): Promise<Told[]> {
  const all: Told[] = [];
  let at = 0;
  const tell = (what: string): void => void all.push({ at, what });
  const isOver = (): boolean => /^(?:close|fail)/.test(all.at(-1)?.what ?? "");
  const receiver = new ReceiverClass({
    ...{ isServer: limits.role === "server", maxPayload: limits.maxMessageBytes, maxFragments: limits.maxFragments },
    extensions: deflate === undefined ? {} : { "permessage-deflate": deflate },
  });
  receiver
    .on("message", (data, isBinary) => tell(isBinary ? `binary ${hex(data)}` : `text ${data.toString()}`))
    .on("ping", (payload) => tell(`ping ${hex(payload)}`))
    .on("pong", (payload) => tell(`pong ${hex(payload)}`))
    .on("conclude", (code, reason) => tell(`close ${code} ${reason.toString()}`));
  while (at < input.length && !isOver()) {
    const chunk = Buffer.from(input.slice(at, ++at));
    // Only inflating takes turns; waiting for the rest would take most of the time.
    let isTaken = false;
    let wake: (() => void) | undefined;
    receiver._write(chunk, "buffer", (error) => {
      if (error) tell(`fail ${statusOf(error)}`);
      isTaken = true;
      wake?.();
    });
    // A close frame ends the reader without an answer to the write.
    if (!isTaken && !isOver()) await new Promise<void>((resolve) => (wake = resolve));
  }
  return all;
}

/** The close code ws would send for an error of its reader. */
function statusOf(error: Error): number {
  const symbol = Object.getOwnPropertySymbols(error).find(({ description }) => description === "status-code");
  return symbol === undefined ? 0 : ((error as unknown as Record<symbol, number>)[symbol] ?? 0);
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
