// A server that says what a test tells it to: a transport whose other end is in the test's hands, and words for what a
// server does. Nothing here decides anything by itself but what its name says.

import { FakeClock, SeededRandom } from "@heddle/base/fakes";
import type { ClientFrame, HelloFrame, ServerFrame, WelcomeFrame, WirePos } from "@heddle/protocol";
import { createClientCore, type ClientCore } from "../whole-client.ts";
import type { DeviceOptions } from "../device/watch-device.ts";
import type { CoreOptions } from "../options.ts";
import type { Transport, TransportHandlers, TransportLink } from "../transport/transport.ts";

type FrameOf<Type extends ClientFrame["t"]> = Extract<ClientFrame, { readonly t: Type }>;

/** One connection as the server sees it. */
export class ServerLink {
  readonly frames: ClientFrame[] = [];
  readonly #handlers: TransportHandlers;
  closedWith: number | undefined;
  /** Ends without a word: nothing passes any more, and nobody is told. */
  isDead = false;
  #isOver = false;

  constructor(handlers: TransportHandlers) {
    this.#handlers = handlers;
  }

  /** The client's end. */
  readonly clientEnd: TransportLink = {
    send: (text) => {
      if (!this.isDead) this.frames.push(...text.split("\n").map((line) => JSON.parse(line) as ClientFrame));
    },
    close: (code = 1000) => {
      this.closedWith ??= code;
    },
  };

  open(): void {
    this.#handlers.opened();
  }

  say(...frames: (ServerFrame | string)[]): void {
    if (this.isDead) return;
    this.#handlers.message(
      frames.map((frame) => (typeof frame === "string" ? frame : JSON.stringify(frame))).join("\n"),
    );
  }

  /** The connection breaks, or is closed with a code. */
  drop(code = 1006, reason = ""): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handlers.closed(code, reason);
  }

  /** Says `bye`; the client is expected to leave. */
  bye(code: number, extra: { readonly after?: number } = {}): void {
    this.say({ t: "bye", code, why: "told so", ...extra });
  }

  all<Type extends ClientFrame["t"]>(type: Type): FrameOf<Type>[] {
    return this.frames.filter((frame): frame is FrameOf<Type> => frame.t === type);
  }

  /** The latest frame of a type. @throws when there is none */
  last<Type extends ClientFrame["t"]>(type: Type): FrameOf<Type> {
    const frame = this.all(type).at(-1);
    if (frame === undefined) throw new Error(`no ${type} among ${this.frames.map(({ t }) => t).join(", ")}`);
    return frame;
  }
}

export const welcome: WelcomeFrame = {
  t: "welcome",
  id: "n1-1",
  node: "n1",
  u: "u1",
  x: "x1",
  rs: "n1.secret",
  ping: 25_000,
  w: 262_144,
  pw: 32,
  rw: 32,
  max: 65_536,
  dw: 3_600_000,
  f: [],
  now: 1_800_000_000_000,
  g: { log: "memory", ack: "memory", fork: "never", fifo: "strict" },
};

/** A client on a fake clock, and the server it talks to. */
export class Scene {
  readonly clock: FakeClock;
  readonly links: ServerLink[] = [];
  readonly errors: unknown[] = [];
  readonly client: ClientCore;
  readonly transport: Transport = {
    name: "scripted",
    open: (handlers) => {
      const link = new ServerLink(handlers);
      this.links.push(link);
      return link.clientEnd;
    },
  };
  #alias = 0;

  constructor(options: Partial<CoreOptions & DeviceOptions> = {}, clock = new FakeClock()) {
    this.clock = clock;
    this.client = createClientCore({
      transport: this.transport,
      clock: this.clock,
      random: new SeededRandom(1),
      onError: (error) => this.errors.push(error),
      ...options,
    });
  }

  /** The latest connection or attempt. @throws when there is none */
  get link(): ServerLink {
    const link = this.links.at(-1);
    if (link === undefined) throw new Error("the client has not tried to connect");
    return link;
  }

  /** Lets everything that was begun come to rest, without moving time. */
  async settle(): Promise<void> {
    for (let round = 0; round < 5; round++) await this.clock.settle();
  }

  /** The server says something, and the client has done with it what it can. */
  async says(...frames: (ServerFrame | string)[]): Promise<void> {
    this.link.say(...frames);
    await this.settle();
  }

  /** Takes the pending attempt up to `hello`. */
  async greeted(): Promise<HelloFrame> {
    await this.settle();
    this.link.open();
    return this.link.last("hello");
  }

  /** Connects up to `hello`. */
  reaching(): Promise<HelloFrame> {
    this.client.connect();
    return this.greeted();
  }

  /** Takes the pending attempt up to `welcome`. */
  async welcomed(changes: Partial<WelcomeFrame> = {}): Promise<HelloFrame> {
    const hello = await this.greeted();
    this.link.say({ ...welcome, ...changes });
    await this.settle();
    return hello;
  }

  /** A client that is online. */
  static async online(
    options: Partial<CoreOptions & DeviceOptions> = {},
    changes: Partial<WelcomeFrame> = {},
    clock?: FakeClock,
  ): Promise<Scene> {
    const scene = new Scene(options, clock);
    scene.client.connect();
    await scene.welcomed(changes);
    return scene;
  }

  /** The connection breaks; the next attempt is welcomed. Answers its `hello`. */
  async reconnect(changes: Partial<WelcomeFrame> = {}): Promise<HelloFrame> {
    this.link.drop();
    await this.nextAttempt();
    return this.welcomed(changes);
  }

  /** Waits for the next attempt to begin. */
  async nextAttempt(): Promise<void> {
    const { length } = this.links;
    for (let waited = 0; this.links.length === length; waited++) {
      if (waited > 100) throw new Error("the client does not try again");
      await this.clock.advanceAsync(1_000);
    }
  }

  /** Answers the latest `sub` of a channel, in `hello` or alone. Returns the alias. */
  subd(ch: string, position: WirePos | undefined, changes: Partial<Extract<ServerFrame, { t: "subd" }>> = {}): number {
    const bodies = [...(this.link.last("hello").subs ?? []), ...this.link.all("sub")];
    const asked = bodies.filter((body) => body.ch === ch).at(-1);
    if (asked === undefined) throw new Error(`${ch} was not asked for`);
    const c = changes.c ?? ++this.#alias;
    const rec = Array.isArray(asked.at) && asked.at[0] === "pos" ? "full" : "none";
    this.link.say({
      t: "subd",
      r: asked.r,
      ch,
      c,
      ...(position === undefined ? {} : { p: position }),
      m: "resume",
      rec,
      ...changes,
    });
    return c;
  }
}

/** A durable entry `o` with tag `o * 10`, following `o − 1`. */
export const entry = (c: number, o: number, changes: Partial<Extract<ServerFrame, { t: "m" }>> = {}): ServerFrame => ({
  t: "m",
  c,
  o,
  g: o * 10,
  e: "message",
  i: `other:${o}`,
  d: o,
  ...changes,
});

/** The position behind `entry(…, o)`. */
export const at = (o: number, epoch = "E1"): WirePos => [epoch, o, o * 10];

/** A promise and whoever settles it. */
export function deferred<T = void>(): { readonly promise: Promise<T>; resolve(value: T): void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
