// One session as the hub sees it, whose frames leave as the body of an answer. TCP alone bounds it: nobody acknowledges.

import { concatBytes, Signal, type Clock } from "@heddle/base";
import { jsonCodec } from "@heddle/protocol";
import { isDroppable, type ConnectionPort, type ConnectionSink, type Frame } from "@heddle/hub/ports";
import type { Framing } from "./framing.ts";
import type { BodySource, HttpOut } from "./http-answer.ts";

/** How a session began: welcome, or refused with the close code of its `bye`. */
export type Beginning =
  { readonly is: "welcome" } | { readonly is: "refused"; readonly code: number; readonly why: string };

export interface ResponsePortEnv {
  readonly clock: Clock;
  readonly framing: Framing;
  /** The hub's queue limit: `writable` tells when the queue is back at a quarter of it. Bytes. */
  readonly queueBytes: number;
  /** Shown every frame, in order, when the hub sends it. */
  readonly onFrame?: (frame: Frame) => void;
}

/** What is queued when a session is closed may take this long to leave. Milliseconds. */
const closeTimeoutMs = 1_500;

/** WebSocket's code of a link that was lost; the hub expects such a client to come back. */
const lostCode = 1006;

export class ResponsePort implements ConnectionPort, BodySource {
  readonly codec = jsonCodec;
  readonly windowed = false;
  readonly writable = new Signal<void>();
  /** Resolves at the end of the turn in which the hub has sent its first frame. */
  readonly beginning: Promise<Beginning>;
  /** Resolves once the session is over, whoever ended it. */
  readonly over: Promise<void>;
  readonly #env: ResponsePortEnv;
  readonly #lowBytes: number;
  readonly #onTaken = (): void => this.#flush();
  #begin!: (beginning: Beginning) => void;
  #tellOver!: () => void;
  #sink: ConnectionSink | undefined;
  #out: HttpOut | undefined;
  #pending: Frame[] = [];
  #pendingBytes = 0;
  #frameCount = 0;
  #isDue = false;
  #isEnded = false;
  #wasAbove = false;
  #closeTimer: Disposable | undefined;
  #ending: { readonly code: number; readonly why: string } | undefined;

  constructor(env: ResponsePortEnv) {
    this.#env = env;
    this.#lowBytes = env.queueBytes / 4;
    this.beginning = new Promise((resolve) => (this.#begin = resolve));
    this.over = new Promise((resolve) => (this.#tellOver = resolve));
  }

  get queuedBytes(): number {
    return this.#pendingBytes + (this.#out?.queuedBytes ?? 0);
  }

  /** Whether the hub has closed the session, or its peer is gone. */
  get isOver(): boolean {
    return this.#ending !== undefined;
  }

  /** Takes the session's end; what it receives is the transport's to pass on. */
  connect(sink: ConnectionSink): void {
    this.#sink = sink;
  }

  send(frame: Frame): void {
    if (this.#ending !== undefined) return;
    this.#frameCount++;
    this.#pending.push(frame);
    this.#pendingBytes += frame.bytes.length;
    if (this.queuedBytes > this.#lowBytes) this.#wasAbove = true;
    this.#env.onFrame?.(frame);
    this.#schedule();
  }

  takeBack(): readonly Frame[] {
    const taken = this.#pending.filter(isDroppable);
    if (taken.length === 0) return taken;
    this.#pending = this.#pending.filter((frame) => !isDroppable(frame));
    this.#pendingBytes = this.#pending.reduce((sum, { bytes }) => sum + bytes.length, 0);
    this.#schedule();
    return taken;
  }

  close(code: number, why: string): void {
    if (this.#ending !== undefined) return;
    this.#ending = { code, why };
    this.#tellOver();
    this.#closeTimer = this.#env.clock.after(closeTimeoutMs, () => this.#out?.destroy());
    this.#schedule();
  }

  /** The head is on its way: the body may follow. */
  start(out: HttpOut): void {
    this.#out = out;
    const { preamble } = this.#env.framing;
    if (preamble.length > 0) out.write(preamble, this.#onTaken);
    this.#schedule();
  }

  /** The peer is gone, or has what it came for. */
  gone(why = "the request ended"): void {
    this.#ending ??= { code: lostCode, why };
    this.#isEnded = true;
    this.#tellOver();
    this.#begin({ is: "refused", ...this.#ending });
    this.#closeTimer?.[Symbol.dispose]();
    this.#pending = [];
    this.#pendingBytes = 0;
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.closed(lostCode, why);
  }

  #schedule(): void {
    if (this.#isDue || this.#isEnded) return;
    this.#isDue = true;
    this.#env.clock.turnEnd(() => {
      this.#isDue = false;
      this.#flush();
    });
  }

  /** One write at a time: what waits here can still be taken back. */
  #flush(): void {
    if (this.#isEnded) return;
    if (this.#frameCount > 0 || this.#ending !== undefined) this.#begin(this.#beginningNow());
    const out = this.#out;
    if (out === undefined || out.queuedBytes > 0) return;
    if (this.#pending.length > 0) {
      const packed = this.#pending.map((frame) => this.#env.framing.pack(frame));
      const [first] = packed;
      this.#pending = [];
      this.#pendingBytes = 0;
      out.write(packed.length === 1 && first !== undefined ? first : concatBytes(packed), this.#onTaken);
    }
    if (this.#ending !== undefined) {
      out.end();
      return this.gone(this.#ending.why);
    }
    if (this.#wasAbove && this.queuedBytes <= this.#lowBytes) {
      this.#wasAbove = false;
      this.writable.emit();
    }
  }

  #beginningNow(): Beginning {
    // A session that is refused gets its `bye` and nothing else.
    return this.#ending !== undefined && this.#frameCount <= 1 ? { is: "refused", ...this.#ending } : { is: "welcome" };
  }
}
