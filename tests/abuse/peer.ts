// A peer that keeps no rule it is not told to keep: raw bytes over a real socket, and a tally of what came back.

import { createConnection, type Socket } from "node:net";

/** How often each thing was seen: `http 431`, `close 1009`, `bye 4029`, `err 429`, `cut`, … */
export type Seen = Map<string, number>;

export const count = (seen: Seen, what: string, by = 1): void => void seen.set(what, (seen.get(what) ?? 0) + by);

export interface FrameShape {
  readonly isFinal?: boolean;
  readonly isMasked?: boolean;
  /** The first bits of the frame besides FIN: 0x40 is RSV1. */
  readonly reserved?: number;
  /** Length announced instead of the payload's. */
  readonly announced?: number;
}

/** One frame (RFC 6455 §5.2), masked with zeros: the payload stands as it is. */
export function frame(opcode: number, payload: Uint8Array | string, shape: FrameShape = {}): Buffer {
  const { isFinal = true, isMasked = true, reserved = 0 } = shape;
  const body = Buffer.from(payload as string);
  const length = shape.announced ?? body.length;
  const mask = isMasked ? 0x80 : 0;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = (isFinal ? 0x80 : 0) | reserved | opcode;
  if (length < 126) head[1] = mask | length;
  else if (length < 65_536) {
    head[1] = mask | 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = mask | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, isMasked ? Buffer.alloc(4) : Buffer.alloc(0), body]);
}

export const upgradeText = (headers: readonly string[] = []): string =>
  [
    "GET /realtime HTTP/1.1",
    "Host: 127.0.0.1",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
    "",
    "",
  ].join("\r\n");

export class Peer {
  readonly socket: Socket;
  /** The socket is gone. */
  readonly ended: Promise<void>;
  readonly #seen: Seen;
  #unread = Buffer.alloc(0);
  #isUpgraded = false;
  #hasOutcome = false;
  #waiting: { readonly what: string; readonly resolve: () => void }[] = [];
  /** Everything said by frames, for those who look closer. */
  readonly texts: string[] = [];

  constructor(port: number, seen: Seen) {
    this.#seen = seen;
    this.socket = createConnection({ port, host: "127.0.0.1" });
    this.socket.setNoDelay(true);
    this.socket.on("error", ({ code = "" }: NodeJS.ErrnoException) => {
      // A connection that never came to be says something of the machine, not of the server.
      if (this.socket.connecting || this.socket.pending) this.#tell(`no socket: ${code}`, true);
    });
    this.socket.on("data", (bytes) => this.#read(bytes));
    this.ended = new Promise((resolve) => {
      this.socket.on("close", () => {
        if (!this.#hasOutcome) count(seen, "cut");
        for (const waiting of this.#waiting) waiting.resolve();
        resolve();
      });
    });
  }

  write(bytes: string | Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  say(...frames: object[]): void {
    this.write(frame(1, frames.map((each) => JSON.stringify(each)).join("\n")));
  }

  /** Resolves when this was seen on this connection, or it is over. */
  async until(what: string): Promise<void> {
    if (this.socket.destroyed) return;
    await new Promise<void>((resolve) => this.#waiting.push({ what, resolve }));
  }

  /** Shakes hands and says who it is. */
  async greet(user = "mallory", hello: object = {}): Promise<void> {
    this.write(upgradeText());
    this.say({ t: "hello", v: 1, pid: "attacker-pid", k: user, ...hello });
    await this.until("welcome");
  }

  /** Goes without a word; that is no outcome. */
  leave(): void {
    this.#hasOutcome = true;
    this.socket.destroy();
  }

  #read(bytes: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    if (!this.#isUpgraded) {
      const end = this.#unread.indexOf("\r\n\r\n");
      if (end < 0) return;
      const status = this.#unread.toString("latin1", 9, 12);
      if (status !== "101") return this.#tell(`http ${status}`, true);
      this.#isUpgraded = true;
      this.#unread = this.#unread.subarray(end + 4);
    }
    while (this.#unread.length >= 2) {
      const short = (this.#unread[1] as number) & 127;
      const head = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (this.#unread.length < head) return;
      const length =
        short < 126 ? short : short === 126 ? this.#unread.readUInt16BE(2) : Number(this.#unread.readBigUInt64BE(2));
      if (this.#unread.length < head + length) return;
      const payload = this.#unread.subarray(head, head + length);
      this.#take((this.#unread[0] as number) & 15, payload);
      this.#unread = this.#unread.subarray(head + length);
    }
  }

  #take(opcode: number, payload: Buffer): void {
    if (opcode === 8) {
      this.#tell(`close ${payload.length >= 2 ? payload.readUInt16BE(0) : "without code"}`, true);
      this.socket.end();
    }
    if (opcode !== 1) return;
    for (const line of payload.toString("utf8").split("\n")) {
      this.texts.push(line);
      const { t, code } = JSON.parse(line) as { t: string; code?: number };
      this.#tell(code === undefined ? t : `${t} ${code}`, false);
    }
  }

  #tell(what: string, isOutcome: boolean): void {
    if (isOutcome) this.#hasOutcome = true;
    count(this.#seen, what);
    const done = this.#waiting.filter((each) => each.what === what);
    this.#waiting = this.#waiting.filter((each) => each.what !== what);
    for (const { resolve } of done) resolve();
  }
}
