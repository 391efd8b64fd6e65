// What one subscription was given, written down as it came, and expectations about it. Throws plain errors: any test runner
// shows them.

import { expectInteger } from "@heddle/base";
import type { Channel, HistoryQuery, Message, Off } from "@heddle/client/core";
import type { Gap, GapCause, WirePos } from "@heddle/protocol";

/** A test's expectation does not hold. `expected` and `actual` are for runners that show differences. */
export class ExpectationError extends Error {
  override readonly name = "ExpectationError";
  readonly expected: unknown;
  readonly actual: unknown;

  constructor(message: string, expected: unknown, actual: unknown) {
    super(message);
    this.expected = expected;
    this.actual = actual;
  }
}

/** A channel, typed by a contract or not. */
export interface Recordable<M extends Message> extends Pick<Channel, "name" | "onAny" | "onGap"> {
  history(query: HistoryQuery): AsyncGenerator<M, void, undefined>;
}

export interface RecordOptions {
  /** Deliveries and gaps written down; more make every expectation fail. 1…1_000_000, default 100_000. */
  readonly countMax?: number;
}

export interface Deliveries<M extends Message> extends Disposable {
  /** Everything delivered so far, volatile events included. */
  readonly all: readonly M[];
  /** Gaps that were told. */
  readonly gaps: readonly Gap[];
  /** Exactly these payloads were delivered, in this order. Compared as JSON. @throws {ExpectationError} */
  expectDelivered(payloads: readonly M["payload"][]): void;
  /**
   * Between two gaps every position was behind the one before it, and nothing came twice.
   *
   * @throws {ExpectationError}
   */
  expectInOrder(): void;
  /** Nothing was missed. @throws {ExpectationError} */
  expectNoGap(): void;
  /** A gap was told, of this cause when one is given. @returns the first such @throws {ExpectationError} */
  expectGap(wanted?: { readonly why?: GapCause }): Gap;
  /** Forgets what came so far. */
  clear(): void;
  /** Stops listening; what is written down stays. */
  [Symbol.dispose](): void;
}

/** Subscribes to `channel` and writes down what comes. @throws {OptionError} */
export function recordDeliveries<M extends Message>(
  channel: Recordable<M>,
  { countMax = 100_000 }: RecordOptions = {},
): Deliveries<M> {
  expectInteger("countMax", countMax, 1, 1_000_000);
  return new Recording(channel, countMax);
}

class Recording<M extends Message> implements Deliveries<M> {
  readonly #name: string;
  readonly #countMax: number;
  readonly #offs: readonly Off[];
  #steps: (M | Gap)[] = [];
  #isFull = false;

  constructor(channel: Recordable<M>, countMax: number) {
    this.#name = channel.name;
    this.#countMax = countMax;
    this.#offs = [
      channel.onGap((gap) => this.#note(gap)),
      channel.onAny((payload, meta) => this.#note({ payload, meta } as M)),
    ];
  }

  get all(): readonly M[] {
    return this.#steps.filter(isDelivery);
  }

  get gaps(): readonly Gap[] {
    return this.#steps.filter(isGap);
  }

  expectDelivered(payloads: readonly M["payload"][]): void {
    const seen = this.#seen()
      .filter(isDelivery)
      .map(({ payload }) => payload);
    const wanted = payloads.map(jsonOf);
    const came = seen.map(jsonOf);
    const index = wanted.findIndex((text, at) => text !== came[at]);
    if (index === -1 && came.length === wanted.length) return;
    const at = index === -1 ? wanted.length : index;
    const text = `the ${ordinal(at)} is ${came[at] ?? "missing"} instead of ${wanted[at] ?? "nothing more"}`;
    this.#fail(`${wanted.length} deliveries expected, ${came.length} came; ${text}`, payloads, seen);
  }

  expectInOrder(): void {
    let last: WirePos | undefined;
    let ids = new Set<string>();
    for (const step of this.#seen()) {
      if (isGap(step)) {
        last = undefined;
        ids = new Set();
        continue;
      }
      const { position, id } = step.meta;
      if (position === undefined) continue; // volatile events have no place in the order
      if (last !== undefined && !isBehind(position, last)) {
        this.#fail(`${textOf(position)} came behind ${textOf(last)}`, "rising positions", position);
      }
      if (id !== undefined && ids.has(id)) this.#fail(`${id} came twice`, "every event once", id);
      last = position;
      if (id !== undefined) ids.add(id);
    }
  }

  expectNoGap(): void {
    const gaps = this.#seen().filter(isGap);
    const [first] = gaps;
    if (first !== undefined) this.#fail(`no gap expected; ${gapText(first)}`, [], gaps);
  }

  expectGap({ why }: { readonly why?: GapCause } = {}): Gap {
    const gaps = this.#seen().filter(isGap);
    const found = gaps.find((gap) => why === undefined || gap.why === why);
    if (found !== undefined) return found;
    const others = gaps.length === 0 ? "none was told" : gaps.map(gapText).join("; ");
    return this.#fail(`a gap expected${why === undefined ? "" : ` (${why})`}; ${others}`, why, gaps);
  }

  clear(): void {
    this.#steps = [];
    this.#isFull = false;
  }

  [Symbol.dispose](): void {
    for (const off of this.#offs) off();
  }

  #note(step: M | Gap): void {
    if (this.#steps.length < this.#countMax) this.#steps.push(step);
    else this.#isFull = true;
  }

  #seen(): readonly (M | Gap)[] {
    if (this.#isFull) this.#fail(`more than ${this.#countMax} came; give a larger countMax`, this.#countMax, undefined);
    return this.#steps;
  }

  #fail(text: string, expected: unknown, actual: unknown): never {
    throw new ExpectationError(`${this.#name}: ${text}`, expected, actual);
  }
}

const isGap = (step: Message | Gap): step is Gap => "why" in step;
const isDelivery = <M extends Message>(step: M | Gap): step is M => !("why" in step);

const isBehind = ([epoch, offset]: WirePos, [lastEpoch, lastOffset]: WirePos): boolean =>
  epoch === lastEpoch && offset > lastOffset;

const textOf = ([epoch, offset, tag]: WirePos): string => `${epoch}:${offset}:${tag}`;
const gapText = ({ why, from, to }: Gap): string => `gap (${why}) from ${textOf(from)} to ${textOf(to)}`;

/** "1st", "2nd", … of an index from 0. */
function ordinal(index: number): string {
  const number = index + 1;
  const ending = ["th", "st", "nd", "rd"][number % 100 > 10 && number % 100 < 14 ? 0 : number % 10] ?? "th";
  return `${number}${ending}`;
}

/** One text for equal JSON values, whatever the order of their keys. */
function jsonOf(value: unknown): string {
  return (
    JSON.stringify(value, (_key, part: unknown) =>
      typeof part === "object" && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
        : part,
    ) ?? "undefined"
  );
}
