// A market that makes a thousand prices a second, and fills every order once.

import { HubError, refuse, type HeddleServer } from "@heddle/server";
import { playground, type Playground } from "../contract.ts";
import { symbols } from "../symbols.ts";

/** Ticks a second, all symbols together. */
export const tickRate = 1_000;
const stepMs = 10;
/** After a pause (a sleeping machine) at most so many ticks are made up for. */
const ticksPerStepMax = 250;
const measureMs = 500;
/** Ticks on their way to the log at once; beyond, none are made: a price that is late is worth nothing. */
const inFlightMax = 5_000;
const fillsMax = 10_000;
const fillsKept = playground.channels.fills.history.entries;

interface Instrument {
  readonly symbol: string;
  open: number;
  price: number;
  seq: number;
  /** How lively it is: share of all ticks, relative to the others. */
  readonly weight: number;
}

interface Order {
  readonly orderId: string;
  readonly symbol: string;
  readonly side: "buy" | "sell";
  readonly quantity: number;
}

interface Fill extends Order {
  readonly price: number;
  readonly fillNumber: number;
}

/** @returns ends it */
export function setUpExchange(server: HeddleServer<Playground>): { start(): Promise<void>; stop(): void } {
  const exchange = new Exchange(server);
  const isReader = ({
    user,
    action,
  }: {
    readonly user: { readonly isAnonymous: boolean };
    readonly action: string;
  }): boolean => !user.isAnonymous && action !== "publish";
  server.channel("quote").authorize(isReader);
  server.channel("calm").authorize(isReader);
  server.channel("pulse").authorize(isReader);
  // One's fills are one's own.
  server.channel("fills").authorize((context) => isReader(context) && context.params.user === context.user.id);
  server.call("placeOrder", (order, { user }) => exchange.fill(user.id, order));
  return exchange;
}

class Exchange {
  readonly #server: HeddleServer<Playground>;
  readonly #instruments: readonly Instrument[] = symbols.map(newInstrument);
  /** Instruments in proportion to their weight: a random index is a weighted choice. */
  readonly #lot: readonly Instrument[];
  readonly #fills = new Map<string, Promise<Fill>>();
  #fillCount = 0;
  #tickCount = 0;
  #inFlightCount = 0;
  #timers: NodeJS.Timeout[] = [];
  /** Of the present run. */
  #owner: object | undefined;

  constructor(server: HeddleServer<Playground>) {
    this.#server = server;
    this.#lot = this.#instruments.flatMap((instrument) => Array<Instrument>(instrument.weight).fill(instrument));
  }

  /** Begins to make prices where the last ones stand. Of several processes on one store, one does. */
  async start(): Promise<void> {
    const owner = (this.#owner = {});
    await Promise.all(this.#instruments.map((instrument) => this.#goOn(instrument)));
    if (this.#owner !== owner) return; // stopped meanwhile
    let steppedAtMs = performance.now();
    let owed = 0;
    const step = setInterval(() => {
      const now = performance.now();
      owed += ((now - steppedAtMs) * tickRate) / 1_000;
      steppedAtMs = now;
      const due = Math.min(Math.floor(owed), ticksPerStepMax);
      owed = due === ticksPerStepMax ? 0 : owed - due;
      for (let made = 0; made < due; made++) this.#tick();
    }, stepMs);
    let measured = { atMs: performance.now(), count: 0 };
    const measure = setInterval(() => {
      const now = performance.now();
      const rate = ((this.#tickCount - measured.count) / (now - measured.atMs)) * 1_000;
      measured = { atMs: now, count: this.#tickCount };
      const second = { tickRate: rate, fillCount: this.#fillCount };
      this.#settle(this.#server.channel("pulse").publish({}, "second", second));
    }, measureMs);
    this.#timers = [step, measure];
  }

  stop(): void {
    this.#owner = undefined;
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  /**
   * The same user's order id is the same order: the second time it is answered with the first time's fill, and refused when it
   * is about something else.
   */
  fill(user: string, order: Order): Promise<Fill> {
    const orderKey = `${user}/${order.orderId}`;
    const known = this.#fills.get(orderKey);
    if (known !== undefined) return known.then((fill) => ofThisOrder(order, fill));
    const fill = this.#execute(user, orderKey, order);
    this.#fills.set(orderKey, fill);
    // An order that came to nothing may be sent again.
    fill.catch(() => this.#fills.delete(orderKey));
    const [oldest] = this.#fills.keys();
    if (this.#fills.size > fillsMax && oldest !== undefined) this.#fills.delete(oldest);
    return fill;
  }

  async #execute(user: string, orderKey: string, order: Order): Promise<Fill> {
    const instrument = this.#instruments.find(({ symbol }) => symbol === order.symbol);
    // Another process may be making the prices.
    if (instrument !== undefined && this.#owner === undefined) await this.#goOn(instrument);
    const price = instrument?.price ?? 0;
    const fill = { ...order, price, fillNumber: ++this.#fillCount };
    const idempotencyKey = orderKey.slice(0, 120);
    try {
      await this.#server.channel("fills").publish({ user }, "filled", fill, { idempotencyKey });
      return fill;
    } catch (error) {
      if (!(error instanceof HubError && error.code === "idReused")) throw error;
      this.#fillCount--;
      return ofThisOrder(order, await this.#filledBefore(user, order));
    }
  }

  /** What another process, or the one before this, filled it with. */
  async #filledBefore(user: string, { orderId }: Order): Promise<Fill | undefined> {
    const { events } = await this.#server.channel("fills").history({ user }, { last: fillsKept });
    return events.map(({ payload }) => payload as Fill).find((fill) => fill.orderId === orderId);
  }

  /** Takes over the price that was published last, if there is one. */
  async #goOn(instrument: Instrument): Promise<void> {
    const { events } = await this.#server.channel("quote").history({ symbol: instrument.symbol }, { last: 1 });
    const [tick] = events;
    if (tick !== undefined) Object.assign(instrument, tick.payload);
  }

  #tick(): void {
    if (this.#inFlightCount >= inFlightMax) return;
    const instrument = this.#lot[Math.floor(Math.random() * this.#lot.length)] as Instrument;
    move(instrument);
    this.#tickCount++;
    const { symbol, price, open, seq } = instrument;
    for (const pace of ["quote", "calm"] as const) {
      this.#settle(this.#server.channel(pace).publish({ symbol }, "tick", { price, open, seq }));
    }
  }

  /** A tick that could not be stored is over: the next one is a moment away. */
  #settle(published: Promise<unknown>): void {
    this.#inFlightCount++;
    const settled = (): void => void this.#inFlightCount--;
    published.then(settled, settled);
  }
}

/** The fill, if it is what was ordered. */
function ofThisOrder({ symbol, side, quantity }: Order, fill: Fill | undefined): Fill {
  if (fill?.symbol === symbol && fill.side === side && fill.quantity === quantity) return fill;
  return refuse("this order id was used for another order");
}

/** The first ten are lively, the last ones quiet: conflation shows where it is needed. */
function newInstrument(symbol: string, index: number): Instrument {
  const open = Math.round(500 + Math.random() * 29_500) / 100;
  const weight = index % 10 === 0 ? 12 : index % 10 < 4 ? 4 : 2;
  return { symbol, open, price: open, seq: 0, weight };
}

/** A small random step that is drawn back towards the day's first price, so that a week-old market still looks sane. */
function move(instrument: Instrument): void {
  const { price, open } = instrument;
  const noise = (Math.random() + Math.random() + Math.random() - 1.5) * 0.0016;
  const pull = (open / price - 1) * 0.0006;
  instrument.price = Math.max(0.01, Math.round(price * (1 + noise + pull) * 100) / 100);
  instrument.seq++;
}
