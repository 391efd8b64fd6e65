// A hundred prices as they come, kept as plain numbers and shown a few times a second: drawing is nobody's backpressure.

import type { Meta } from "@heddle/client";
import { signal, type Signal } from "@preact/signals";
import { symbols } from "../../symbols.ts";
import type { Connection, PlaygroundClient } from "../connection.ts";

/** How often this viewer wants to hear of each symbol. */
export type Pace = "quote" | "calm";

export interface QuoteView {
  readonly price: number;
  /** Against the price at the start of the day. Fraction. */
  readonly change: number;
  readonly direction: "up" | "down" | "same";
  /** Points of a polyline in a box of `sparkWidth` × `sparkHeight`. */
  readonly spark: string;
  /** Ticks of this symbol that were conflated away for this viewer. */
  readonly sparedCount: number;
}

export interface QuoteTotals {
  /** Per second, as measured here. */
  readonly shownRate: number;
  /** Per second, as the exchange says. */
  readonly tickRate: number | undefined;
  readonly shownCount: number;
  readonly sparedCount: number;
}

export const sparkWidth = 96;
export const sparkHeight = 24;
const sparkPoints = 48;
const showMs = 200;
const rateMs = 1_000;

interface Tick {
  readonly price: number;
  readonly open: number;
  readonly seq: number;
}

class Quote {
  readonly view = signal<QuoteView | undefined>(undefined);
  #last: Tick | undefined;
  #shownPrice = 0;
  #spared = 0;
  #isChanged = false;
  readonly #prices: number[] = [];

  get last(): Tick | undefined {
    return this.#last;
  }

  /** @returns how many ticks lie between the last one and this one */
  tick(tick: Tick): number {
    // A restarted exchange counts from 1 again.
    const spared = this.#last === undefined ? 0 : Math.max(0, tick.seq - this.#last.seq - 1);
    this.#last = tick;
    this.#spared += spared;
    this.#prices.push(tick.price);
    if (this.#prices.length > sparkPoints) this.#prices.shift();
    this.#isChanged = true;
    return spared;
  }

  /** A pause in watching is no conflation. */
  pause(): void {
    this.#last = undefined;
  }

  show(): void {
    if (!this.#isChanged || this.#last === undefined) return;
    this.#isChanged = false;
    const { price, open } = this.#last;
    const before = this.#shownPrice || price;
    this.#shownPrice = price;
    this.view.value = {
      price,
      change: price / open - 1,
      direction: price > before ? "up" : price < before ? "down" : "same",
      spark: this.#spark(),
      sparedCount: this.#spared,
    };
  }

  #spark(): string {
    const least = Math.min(...this.#prices);
    const span = Math.max(...this.#prices) - least || 1;
    const step = sparkWidth / (sparkPoints - 1);
    const from = sparkPoints - this.#prices.length;
    return this.#prices
      .map((price, index) => {
        const x = (from + index) * step;
        const y = sparkHeight - 2 - ((price - least) / span) * (sparkHeight - 4);
        return `${x.toFixed(1)},${y.toFixed(1)}`;
      })
      .join(" ");
  }
}

const channelOf = (client: PlaygroundClient, pace: Pace, symbol: string) =>
  client.channel(pace, { symbol }, { at: { last: 1 } });

export class Quotes {
  readonly pace: Signal<Pace> = signal("quote");
  readonly totals = signal<QuoteTotals>({ shownRate: 0, tickRate: undefined, shownCount: 0, sparedCount: 0 });
  readonly #connection: Connection;
  readonly #quotes = new Map(symbols.map((symbol) => [symbol, new Quote()]));
  #ends: (() => void)[] = [];
  #shownCount = 0;
  #sparedCount = 0;
  #tickRate: number | undefined;
  #measured = { atMs: 0, count: 0 };
  #shownRate = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  viewOf(symbol: string): Signal<QuoteView | undefined> {
    return this.#quote(symbol).view;
  }

  priceOf(symbol: string): number | undefined {
    return this.#quote(symbol).last?.price;
  }

  /** Follows every symbol at the chosen pace until `stop`. */
  start(): void {
    this.stop();
    const { client } = this.#connection;
    const pace = this.pace.peek();
    for (const [symbol, quote] of this.#quotes) {
      const channel = channelOf(client, pace, symbol);
      this.#ends.push(
        channel.on("tick", (tick: Tick) => {
          this.#shownCount++;
          this.#sparedCount += quote.tick(tick);
        }),
        channel.onGap((gap) => {
          quote.pause();
          // Old prices that are gone are no loss: the next one is the truth. A new market is news, and told once.
          if (gap.why === "epoch" && symbol === symbols[0]) this.#connection.noteGap(`${pace}/*`, gap);
        }),
      );
    }
    const pulse = client.channel("pulse", {}, { at: { last: 1 } });
    this.#ends.push(
      pulse.on("second", ({ tickRate }: { tickRate: number }, _: Meta) => void (this.#tickRate = tickRate)),
    );
    this.#measured = { atMs: performance.now(), count: this.#shownCount };
    const show = window.setInterval(() => this.#show(), showMs);
    const measure = window.setInterval(() => this.#measure(), rateMs);
    this.#ends.push(() => {
      window.clearInterval(show);
      window.clearInterval(measure);
    });
  }

  stop(): void {
    for (const end of this.#ends.splice(0)) end();
    for (const quote of this.#quotes.values()) quote.pause();
  }

  take(pace: Pace): void {
    this.pace.value = pace;
    this.start();
  }

  #quote(symbol: string): Quote {
    const quote = this.#quotes.get(symbol);
    if (quote === undefined) throw new RangeError(`${symbol}: no such symbol`);
    return quote;
  }

  #show(): void {
    if (document.visibilityState === "hidden") return;
    for (const quote of this.#quotes.values()) quote.show();
  }

  #measure(): void {
    const now = performance.now();
    this.#shownRate = ((this.#shownCount - this.#measured.count) / (now - this.#measured.atMs)) * 1_000;
    this.#measured = { atMs: now, count: this.#shownCount };
    this.totals.value = {
      shownRate: this.#shownRate,
      tickRate: this.#tickRate,
      shownCount: this.#shownCount,
      sparedCount: this.#sparedCount,
    };
  }
}
