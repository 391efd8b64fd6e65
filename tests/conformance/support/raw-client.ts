// A peer that speaks raw frames over a real WebSocket: it does what a test says, right or wrong.

import { WebSocket, type ClientOptions, type RawData } from "ws";

/** Any frame, as JSON. */
export type RawFrame = { readonly t: string } & Readonly<Record<string, unknown>>;

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** How a peer writes and reads frames. */
export interface RawCodec {
  readonly subprotocol: string;
  encode(frames: readonly object[]): Uint8Array;
  decode(message: Uint8Array): RawFrame[];
}

const patienceMs = 5_000;

/** A text message; `ws` hands it out as bytes. */
export const textOf = (data: RawData): string => (data as Buffer).toString("utf8");

export class RawClient implements AsyncDisposable {
  /** Everything received, in order. */
  readonly frames: RawFrame[] = [];
  readonly socket: WebSocket;
  /** Resolves when the connection is over. */
  readonly closed: Promise<Closed>;
  readonly #codec: RawCodec | undefined;
  #waiting: (() => void)[] = [];
  #isClosed = false;

  private constructor(socket: WebSocket, codec: RawCodec | undefined) {
    this.socket = socket;
    this.#codec = codec;
    socket.on("message", (data, isBinary) => {
      if (isBinary && codec !== undefined) this.frames.push(...codec.decode(data as Buffer));
      else for (const line of textOf(data).split("\n")) this.frames.push(JSON.parse(line) as RawFrame);
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      socket.on("close", (code, reason) => {
        this.#isClosed = true;
        resolve({ code, reason: String(reason) });
        this.#wake();
      });
    });
    socket.on("error", () => {}); // what became of the connection is told by `closed`
  }

  /** Connects; rejects with the HTTP status when the handshake is refused. `codec`: instead of JSON text. */
  static async connect(
    url: string,
    { protocols, codec, ...options }: ClientOptions & { protocols?: string[]; codec?: RawCodec | undefined } = {},
  ): Promise<RawClient> {
    const offered = protocols ?? (codec === undefined ? [] : [codec.subprotocol]);
    const socket = new WebSocket(url.replace(/^http/, "ws"), offered, options);
    const client = new RawClient(socket, codec);
    await new Promise<void>((resolve, reject) => {
      socket.on("open", resolve);
      socket.on("unexpected-response", (_request, response) => reject(new Error(`HTTP ${response.statusCode}`)));
      socket.on("error", reject);
    });
    return client;
  }

  /** Connects and says hello; resolves when welcomed. */
  static async greet(
    url: string,
    hello: object = {},
    options: Parameters<typeof RawClient.connect>[1] = {},
  ): Promise<RawClient> {
    const client = await RawClient.connect(url, options);
    client.say({ t: "hello", v: 1, pid: "raw-client", ...hello });
    await client.next("welcome");
    return client;
  }

  /** Sends frames in one message. */
  say(...frames: object[]): void {
    if (this.#codec !== undefined) this.socket.send(this.#codec.encode(frames));
    else this.sayText(frames.map((frame) => JSON.stringify(frame)).join("\n"));
  }

  sayText(text: string | Buffer): void {
    this.socket.send(text);
  }

  /** The first frame of this type for which `fits` holds, received already or to come. */
  async next(type: string, fits: (frame: RawFrame) => boolean = () => true): Promise<RawFrame> {
    return this.until(
      () => this.frames.find((frame) => frame.t === type && fits(frame)),
      () => `${type} among ${this.frames.map((frame) => JSON.stringify(frame)).join(" ")}`,
    );
  }

  /** The frame at this place in the order received. */
  at(index: number): Promise<RawFrame> {
    return this.until(
      () => this.frames[index],
      () => `frame ${index} behind ${JSON.stringify(this.frames.at(-1))}`,
    );
  }

  /** The answer to request `r`. */
  answer(r: number): Promise<RawFrame> {
    return this.until(
      () => this.frames.find((frame) => frame["r"] === r && ["ok", "err", "subd"].includes(frame.t)),
      () => `an answer to ${r} among ${this.frames.map((frame) => JSON.stringify(frame)).join(" ")}`,
    );
  }

  /** Waits until `look` finds something. Fails when the connection ends first. */
  async until<T>(look: () => T | undefined, wanted: () => string): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.#isClosed) throw new Error(`closed without ${wanted()}`);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no ${wanted()}`)), patienceMs);
      });
      await Promise.race([new Promise<void>((resolve) => this.#waiting.push(resolve)), late]);
      clearTimeout(timer);
    }
  }

  /** Everything sent so far has been handled: the server answers a ping behind it. */
  async settled(): Promise<void> {
    const before = this.frames.filter(({ t }) => t === "pong").length;
    this.say({ t: "ping" });
    await this.until(
      () => (this.frames.filter(({ t }) => t === "pong").length > before ? true : undefined),
      () => "pong",
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close();
    await this.closed;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
