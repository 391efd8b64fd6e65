// A hub under a test's control: virtual time, a scripted application, clients that speak frames over a fake connection.
// Only tests import this folder.

import { Signal, utf8Decode } from "@heddle/base";
import { FakeClock, SeededRandom } from "@heddle/base/fakes";
import { jsonCodec, type ServerFrame } from "@heddle/protocol";
import { Hub } from "../hub.ts";
import type { HubLimits } from "../options.ts";
import type { MemoryReading } from "../pressure/memory-guard.ts";
import {
  isDroppable,
  type Application,
  type Authenticator,
  type BulkSender,
  type CallOutcome,
  type ChannelPolicy,
  type ConnectionPort,
  type ConnectionSink,
  type Digest,
  type Engine,
  type Frame,
} from "../ports/index.ts";
import { memoryEngine } from "../memory/index.ts";

/** FNV-1a spread over 32 bytes: enough to be different for different input, and synchronous. Not for production. */
export const weakDigest: Digest = {
  sha256: (data) => spread(data),
  hmacSha256: (key, data) => spread(Uint8Array.from([...key, ...data])),
};

function spread(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(32);
  for (let lane = 0; lane < 8; lane++) {
    let hash = 0x811c9dc5 ^ (lane * 0x9e3779b9);
    for (const byte of data) hash = Math.imul(hash ^ byte, 0x01000193);
    new DataView(out.buffer).setUint32(lane * 4, hash >>> 0);
  }
  return out;
}

/** A connection whose socket takes everything at the end of a turn, unless it is frozen. */
export class FakePort implements ConnectionPort {
  readonly codec = jsonCodec;
  readonly windowed: boolean;
  readonly writable = new Signal<void>();
  readonly received: ServerFrame[] = [];
  closedWith: number | undefined;
  isFrozen = false;
  socketBytes = 0;
  #pending: Frame[] = [];
  #clock: FakeClock;
  #isFlushing = false;

  constructor(clock: FakeClock, windowed = true) {
    this.#clock = clock;
    this.windowed = windowed;
  }

  get queuedBytes(): number {
    return this.socketBytes + this.#pending.reduce((sum, frame) => sum + frame.bytes.length, 0);
  }

  send(frame: Frame): void {
    this.#pending.push(frame);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#clock.turnEnd(() => this.flush());
  }

  takeBack(): readonly Frame[] {
    const taken = this.#pending.filter(isDroppable);
    this.#pending = this.#pending.filter((frame) => !isDroppable(frame));
    return taken;
  }

  close(code: number): void {
    this.flush();
    this.closedWith ??= code;
  }

  flush(): void {
    this.#isFlushing = false;
    for (const frame of this.#pending) {
      this.received.push(JSON.parse(utf8Decode(frame.bytes)) as ServerFrame);
      if (this.isFrozen) this.socketBytes += frame.bytes.length;
    }
    this.#pending = [];
  }

  thaw(): void {
    this.isFrozen = false;
    this.socketBytes = 0;
    this.writable.emit();
  }
}

export const fakeBulk: BulkSender = {
  sendAll: (frames, to) => {
    for (const port of to) for (const frame of frames) port.send(frame);
  },
};

/** A channel that allows everything and stores what it is given. */
export function openPolicy(over: Partial<ChannelPolicy> = {}): ChannelPolicy {
  return {
    keep: { entries: 100, ageMs: 3_600_000 },
    mode: "resume",
    everyMs: 0,
    recoverMax: 100_000,
    isDurable: true,
    hasPresence: true,
    event: (name) => (name === "typing" ? "volatile" : name === "message" ? "durable" : undefined),
    authorize: () => true,
    prepare: (_event, value) => ({ is: "ok", json: JSON.stringify(value) }),
    prepareMember: (value) => ({ is: "ok", json: JSON.stringify(value ?? null) }),
    ...over,
  };
}

export interface World {
  readonly clock: FakeClock;
  readonly random: SeededRandom;
  readonly hub: Hub;
  readonly engine: Engine;
  connect(options?: {
    token?: string;
    pid?: string;
    hello?: object;
    windowed?: boolean;
    greet?: boolean;
  }): Promise<FakeClient>;
  settle(): Promise<void>;
}

export interface WorldOptions {
  readonly channels?: Readonly<Record<string, ChannelPolicy>>;
  readonly operations?: Readonly<
    Record<
      string,
      {
        isIdempotent?: boolean;
        isStream?: boolean;
        isInputStream?: boolean;
        run: (
          value: unknown,
          context: Parameters<NonNullable<ReturnType<Application["operation"]>>["run"]>[1],
        ) => CallOutcome | Promise<CallOutcome>;
      }
    >
  >;
  readonly hasNotices?: boolean;
  readonly limits?: Partial<HubLimits>;
  readonly memory?: MemoryReading;
  readonly engine?: Engine;
  readonly authenticator?: Authenticator;
  readonly clock?: FakeClock;
  readonly seed?: number;
}

/** Tokens are `user`, `user:expiresAtMs` or `user:expiresAtMs:role`, the role being a claim; an empty one is anonymous, `bad` and `old` are refused. */
const authenticator: Authenticator = {
  authenticate: async (token = "") => {
    if (token === "bad") return { is: "refused", why: "invalid" };
    if (token === "old") return { is: "refused", why: "expired" };
    const [user, expires, role] = token.split(":");
    return {
      is: "accepted",
      identity: {
        userId: user || undefined,
        claims: role ? { role } : {},
        expiresAtMs: expires ? Number(expires) : undefined,
      },
    };
  },
};

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const clock = options.clock ?? new FakeClock();
  const random = new SeededRandom(options.seed ?? 1);
  const engine = options.engine ?? memoryEngine({ node: "n1" });
  const channels: Readonly<Record<string, ChannelPolicy>> = options.channels ?? { room: openPolicy() };
  const application: Application = {
    channel: (name) => channels[name.split("/")[0] ?? ""],
    operation: (name) => {
      const operation = options.operations?.[name];
      return operation && { isIdempotent: false, ...operation };
    },
    hasNotices: options.hasNotices ?? false,
  };
  const clusterSecret = new Uint8Array(32).fill(7);
  const hub = await Hub.open({
    ...{ engine, application, clock, random, clusterSecret },
    authenticator: options.authenticator ?? authenticator,
    bulkSender: fakeBulk,
    digest: weakDigest,
    ...(options.limits ? { limits: options.limits } : {}),
    ...(options.memory ? { memory: options.memory } : {}),
  });
  return {
    ...{ clock, random, hub, engine },
    settle: () => clock.settle(),
    async connect({ token = "u1", pid = "pid-0000", hello = {}, windowed = true, greet = true } = {}) {
      const port = new FakePort(clock, windowed);
      const client = new FakeClient(port, hub.accept(port, { address: "127.0.0.1", transport: "websocket" }), clock);
      if (greet) await client.say({ t: "hello", v: 1, k: token, pid, ...hello });
      return client;
    },
  };
}

/** Speaks raw frames. */
export class FakeClient {
  readonly port: FakePort;
  readonly #sink: ConnectionSink;
  readonly #clock: FakeClock;
  #ackedCost = 0;
  #acked = 0;

  constructor(port: FakePort, sink: ConnectionSink, clock: FakeClock) {
    this.port = port;
    this.#sink = sink;
    this.#clock = clock;
  }

  get frames(): readonly ServerFrame[] {
    return this.port.received;
  }

  async say(...frames: object[]): Promise<void> {
    this.sayOnly(...frames);
    await this.#clock.settle();
  }

  /** Says it, and leaves it to others to let things settle. */
  sayOnly(...frames: object[]): void {
    this.#sink.receive(frames.map((frame) => JSON.stringify(frame)).join("\n"));
  }

  async sayText(text: string): Promise<void> {
    this.#sink.receive(text);
    await this.#clock.settle();
  }

  async drop(code = 1006): Promise<void> {
    this.#sink.closed(code, "");
    await this.#clock.settle();
  }

  /** Acknowledges everything received behind `welcome`. */
  async ackAll(): Promise<void> {
    const counted = this.port.received.slice(1);
    this.#acked = counted.length;
    this.#ackedCost = counted.reduce((sum, frame) => sum + JSON.stringify(frame).length, 0);
    await this.say({ t: "ack", n: this.#acked, b: this.#ackedCost });
  }

  of<T extends ServerFrame["t"]>(type: T): Extract<ServerFrame, { t: T }>[] {
    return this.port.received.filter((frame): frame is Extract<ServerFrame, { t: T }> => frame.t === type);
  }

  last<T extends ServerFrame["t"]>(type: T): Extract<ServerFrame, { t: T }> {
    const found = this.of(type).at(-1);
    if (found === undefined) throw new Error(`no ${type} among ${this.port.received.map(({ t }) => t).join(" ")}`);
    return found;
  }

  /** Payloads of the publications received, in order. */
  get payloads(): unknown[] {
    return this.of("m").map(({ d }) => d);
  }
}

export const pub = (n: number, d: unknown, over: object = {}): object => ({
  t: "pub",
  r: 1_000 + n,
  ch: "room/1",
  e: "message",
  n,
  pn: n - 1,
  d,
  ...over,
});
export const sub = (r: number, at: unknown = "live", over: object = {}): object => ({
  t: "sub",
  r,
  ch: "room/1",
  at,
  ...over,
});
