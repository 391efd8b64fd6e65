// The page's one connection, and everything the panel and the banner show of it. The client is an ordinary one; the faults
// are a decorator around its transport, so nothing in it knows that it is being tested.

import { createClient, watchFrames, type ClientState, type ClientStats } from "@heddle/client";
import type { Gap } from "@heddle/protocol";
import { faultTransport, type FaultStatus, type FaultTransport } from "@heddle/testkit/faults";
import { computed, signal, type Signal } from "@preact/signals";
import type { Playground } from "../contract.ts";
import type { Door } from "./door.ts";
import { FrameLog } from "./panel/frame-log.ts";
import { chosenTransport, type ChosenTransport, type Way } from "./ways.ts";

export type PlaygroundClient = ReturnType<typeof createClient<Playground>>;

/** What was said about a stretch that was missed. */
export interface GapNote {
  readonly channel: string;
  readonly why: Gap["why"];
  readonly atMs: number;
}

/** Once back: what the interruption cost. */
export interface Return {
  readonly awayMs: number;
  readonly resumeCount: number;
  readonly gapCount: number;
  /** The server's log is another one than before. */
  readonly hasLostLog: boolean;
}

const pollMs = 500;
const countdownMs = 200;
/** A ping this often keeps the round trip of the panel fresh. */
const pingMs = 4_000;
/** With a longer delay a ping would be taken for lost. */
const pingableDelayMs = 500;
const gapNotesMax = 20;
/** Subscriptions answer within this time after a connection is back; then the return is summed up. */
const settleMs = 700;
/** How long a good return is shown. */
const returnShownMs = 7_000;

export class Connection {
  readonly client: PlaygroundClient;
  readonly faults: FaultTransport;
  /** The one in use or tried last, and why. */
  readonly transport: ChosenTransport;
  readonly way = signal<Way>("automatic");
  readonly frames = new FrameLog();
  readonly state = signal<ClientState>({ name: "idle" });
  readonly stats: Signal<ClientStats>;
  readonly faultStatus: Signal<FaultStatus>;
  /** Rises twice a second: what is read on request (positions, who is where) is read again. */
  readonly beat = signal(0);
  readonly gapNotes = signal<readonly GapNote[]>([]);
  /** Until the next attempt, while waiting. Milliseconds. */
  readonly leftMs = signal(0);
  readonly returned = signal<Return | undefined>(undefined);
  readonly isOnline = computed(() => this.state.value.name === "online");
  /** Whether it has ever been online: a first connection is no reconnection. */
  readonly wasOnline = signal(false);
  #retryAtMs = 0;
  #lostAtMs: number | undefined;
  #resumesBefore = 0;
  /** Gaps noted since the connection was lost, and those of them that are a lost log. */
  #gapCount = 0;
  #epochGapCount = 0;

  constructor(door: Door) {
    this.transport = chosenTransport("/realtime");
    this.faults = faultTransport(this.transport);
    this.client = createClient<Playground>({
      transport: watchFrames(this.faults, (direction, text) => this.frames.add(direction, text)),
      token: ({ reason }) => {
        // A cut cable cuts everything, the way to the token as well.
        if (this.faults.status.isCut) throw new Error("the network is cut");
        return door.token(reason);
      },
    });
    this.stats = signal(this.client.stats);
    this.faultStatus = signal(this.faults.status);
    this.faults.changed.on((status) => (this.faultStatus.value = status));
    this.client.onState((state) => this.#changed(state));
    window.setInterval(() => this.#poll(), pollMs);
    window.setInterval(() => this.#countDown(), countdownMs);
    window.setInterval(() => this.#ping(), pingMs);
    this.client.connect();
  }

  /** Goes on over this transport: the link ends, and the client comes back by the other. */
  choose(way: Way): void {
    this.way.value = way;
    this.transport.choose(way);
    this.faults.kill();
    this.client.probe();
  }

  /** A channel's stream has a hole: remembered for panel and banner. */
  noteGap(channel: string, gap: Gap): void {
    this.#gapCount++;
    if (gap.why === "epoch") this.#epochGapCount++;
    const note: GapNote = { channel, why: gap.why, atMs: Date.now() };
    this.gapNotes.value = [note, ...this.gapNotes.value].slice(0, gapNotesMax);
  }

  dismissReturn(): void {
    this.returned.value = undefined;
  }

  #changed(state: ClientState): void {
    this.state.value = state;
    if (state.name === "waiting") {
      this.#retryAtMs = performance.now() + state.retryInMs;
      this.#countDown();
      if (this.wasOnline.value && this.#lostAtMs === undefined) this.#left();
    }
    if (state.name !== "online") return;
    this.wasOnline.value = true;
    if (this.#lostAtMs === undefined) return;
    const awayMs = performance.now() - this.#lostAtMs;
    this.#lostAtMs = undefined;
    window.setTimeout(() => this.#sumUp(awayMs), settleMs);
  }

  #left(): void {
    this.#lostAtMs = performance.now();
    this.#resumesBefore = this.client.stats.resumes;
    this.#gapCount = this.#epochGapCount = 0;
    this.returned.value = undefined;
  }

  #sumUp(awayMs: number): void {
    if (!this.isOnline.value) return;
    const returned: Return = {
      awayMs,
      resumeCount: this.client.stats.resumes - this.#resumesBefore,
      gapCount: this.#gapCount,
      hasLostLog: this.#epochGapCount > 0,
    };
    this.returned.value = returned;
    // Good news leaves by itself; a lost log stays until it has been read.
    if (returned.gapCount > 0) return;
    window.setTimeout(() => {
      if (this.returned.value === returned) this.dismissReturn();
    }, returnShownMs);
  }

  #poll(): void {
    this.stats.value = this.client.stats;
    this.faultStatus.value = this.faults.status;
    this.beat.value++;
  }

  #ping(): void {
    const { isReaderFrozen, delayMs } = this.faults.status;
    if (isReaderFrozen || delayMs > pingableDelayMs || document.visibilityState === "hidden") return;
    if (this.isOnline.peek()) this.client.probe();
  }

  #countDown(): void {
    const leftMs = this.state.value.name === "waiting" ? Math.max(0, this.#retryAtMs - performance.now()) : 0;
    if (this.leftMs.value !== leftMs) this.leftMs.value = leftMs;
  }
}
