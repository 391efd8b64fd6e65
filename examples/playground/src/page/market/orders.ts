// One's own orders: how often each was sent, and how often it was filled. The fills come from a channel of one's own, so
// that a second fill could not hide behind an answer.

import { signal } from "@preact/signals";
import type { Connection } from "../connection.ts";
import type { Seat } from "../door.ts";

export interface Draft {
  readonly symbol: string;
  readonly side: "buy" | "sell";
  readonly quantity: number;
}

export interface OrderView extends Draft {
  readonly orderId: string;
  /** Calls made with this id by this page. */
  readonly sentCount: number;
  readonly answeredCount: number;
  /** Entries in the channel of one's fills with this id. */
  readonly fillCount: number;
  readonly price: number | undefined;
  readonly failure: string | undefined;
}

/** `once` · `twice`: two calls with one id, at once · `cut`: the socket dies before the answer can come. */
export type Manner = "once" | "twice" | "cut";

const ordersMax = 50;
const answerMs = 60_000;

export class Orders {
  /** Newest first. */
  readonly orders = signal<readonly OrderView[]>([]);
  readonly announcement = signal("");
  readonly #connection: Connection;

  constructor(connection: Connection, seat: Seat) {
    this.#connection = connection;
    const fills = connection.client.channel("fills", { user: seat.user }, { at: { last: ordersMax } });
    fills.on("filled", (fill) => {
      const known = this.orders.peek().find(({ orderId }) => orderId === fill.orderId);
      const { orderId, symbol, side, quantity, price } = fill;
      const before = known ?? { orderId, symbol, side, quantity, ...unanswered };
      this.#put({ ...before, price, fillCount: before.fillCount + 1 });
    });
    fills.onGap((gap) => connection.noteGap(fills.name, gap));
  }

  place(draft: Draft, manner: Manner): void {
    const orderId = crypto.randomUUID();
    this.#put({ ...draft, orderId, ...unanswered });
    const times = manner === "twice" ? 2 : 1;
    for (let sent = 0; sent < times; sent++) void this.#send({ ...draft, orderId });
    if (manner === "cut") this.#connection.faults.kill();
  }

  async #send(order: Draft & { readonly orderId: string }): Promise<void> {
    const { orderId } = order;
    this.#change(orderId, ({ sentCount }) => ({ sentCount: sentCount + 1 }));
    try {
      const fill = await this.#connection.client.call("placeOrder", order, { idempotent: true, timeoutMs: answerMs });
      this.#change(orderId, ({ answeredCount }) => ({ answeredCount: answeredCount + 1, price: fill.price }));
      this.announcement.value = `Order for ${fill.quantity} ${fill.symbol} filled at ${fill.price.toFixed(2)}`;
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      this.#change(orderId, () => ({ failure }));
      this.announcement.value = `Order failed: ${failure}`;
    }
  }

  #change(orderId: string, changeOf: (order: OrderView) => Partial<OrderView>): void {
    const order = this.orders.peek().find((known) => known.orderId === orderId);
    if (order !== undefined) this.#put({ ...order, ...changeOf(order) });
  }

  #put(order: OrderView): void {
    const orders = this.orders.peek();
    this.orders.value = orders.some(({ orderId }) => orderId === order.orderId)
      ? orders.map((known) => (known.orderId === order.orderId ? order : known))
      : [order, ...orders].slice(0, ordersMax);
  }
}

const unanswered = { sentCount: 0, answeredCount: 0, fillCount: 0, price: undefined, failure: undefined };
