// Placing an order, in three manners of which two try to make it happen twice, and what became of it.

import { useState } from "preact/hooks";
import { symbols } from "../../symbols.ts";
import type { Manner, Orders, OrderView } from "./orders.ts";
import type { Quotes } from "./quotes.ts";

const quantityMax = 1_000;

export function OrderPanel({ orders, quotes }: { readonly orders: Orders; readonly quotes: Quotes }) {
  return (
    <section class="orders" aria-labelledby="orders-title">
      <h2 id="orders-title">Order</h2>
      <OrderForm orders={orders} quotes={quotes} />
      <h2 id="placed-title">Placed</h2>
      <OrderList orders={orders} />
      <p class="unseen" aria-live="polite">
        {orders.announcement.value}
      </p>
    </section>
  );
}

function OrderForm({ orders, quotes }: { readonly orders: Orders; readonly quotes: Quotes }) {
  const [symbol, setSymbol] = useState(symbols[0] ?? "");
  const [side, setSide] = useState<Side>("buy");
  const [quantity, setQuantity] = useState("10");
  const count = Number(quantity);
  const isGood = Number.isInteger(count) && count >= 1 && count <= quantityMax;
  const place = (manner: Manner): void => {
    if (isGood) orders.place({ symbol, side, quantity: count }, manner);
  };
  return (
    <form
      class="order-form"
      onSubmit={(event) => {
        event.preventDefault();
        place("once");
      }}
    >
      <SideChoice side={side} onChange={setSide} />
      <div class="order-fields">
        <label class="label">
          Symbol
          <select class="field" value={symbol} onChange={({ currentTarget }) => setSymbol(currentTarget.value)}>
            {symbols.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <Quantity value={quantity} onChange={setQuantity} />
      </div>
      <AboutWorth quotes={quotes} symbol={symbol} count={isGood ? count : undefined} />
      <div class="order-buttons">
        <button type="submit" class="button primary" disabled={!isGood}>
          Place order
        </button>
        <button type="button" class="button" disabled={!isGood} onClick={() => place("twice")}>
          Send it twice
        </button>
        <button type="button" class="button" disabled={!isGood} onClick={() => place("cut")}>
          Send it, kill the socket
        </button>
      </div>
      <p class="hint soft">Every order has an id of its own. However often that id arrives, it is filled once.</p>
    </form>
  );
}

type Side = "buy" | "sell";

function SideChoice({ side, onChange }: { readonly side: Side; readonly onChange: (side: Side) => void }) {
  return (
    <fieldset class="choice wide">
      <legend class="unseen">Side</legend>
      {(["buy", "sell"] as const).map((value) => (
        <label key={value}>
          <input type="radio" name="side" value={value} checked={side === value} onChange={() => onChange(value)} />
          <span>{value === "buy" ? "Buy" : "Sell"}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Quantity({ value, onChange }: { readonly value: string; readonly onChange: (value: string) => void }) {
  return (
    <label class="label">
      Quantity
      <input
        class="field number"
        type="number"
        inputMode="numeric"
        min={1}
        max={quantityMax}
        step={1}
        required
        value={value}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </label>
  );
}

interface WorthProps {
  readonly quotes: Quotes;
  readonly symbol: string;
  readonly count: number | undefined;
}

function AboutWorth({ quotes, symbol, count }: WorthProps) {
  const price = quotes.viewOf(symbol).value?.price;
  return (
    <p class="worth number">
      {count === undefined
        ? `1 to ${quantityMax.toLocaleString("en")} at a time`
        : price === undefined
          ? "–"
          : `about ${(price * count).toLocaleString("en", { maximumFractionDigits: 2, minimumFractionDigits: 2 })}`}
    </p>
  );
}

function OrderList({ orders }: { readonly orders: Orders }) {
  const list = orders.orders.value;
  return (
    <ul class="order-list scroll" tabIndex={0} aria-labelledby="placed-title" data-testid="orders">
      {list.length === 0 && <li class="empty soft">Nothing yet.</li>}
      {list.map((order) => (
        <OrderRow key={order.orderId} order={order} />
      ))}
    </ul>
  );
}

const times = (count: number): string => (count === 1 ? "once" : count === 2 ? "twice" : `${count} times`);

function OrderRow({ order }: { readonly order: OrderView }) {
  const { orderId, symbol, side, quantity, price, sentCount, fillCount, answeredCount, failure } = order;
  const isOpen = failure === undefined && answeredCount < sentCount;
  return (
    <li data-testid="order" data-fills={fillCount} data-sent={sentCount} data-answered={answeredCount}>
      <p class="order-what number">
        <strong>
          {side === "buy" ? "Buy" : "Sell"} {quantity} {symbol}
        </strong>
        {price !== undefined && <span> at {price.toFixed(2)}</span>}
        <span class="mono soft"> {orderId.slice(0, 8)}</span>
      </p>
      <p class={failure === undefined ? "soft" : "failure"}>
        {failure ??
          [
            sentCount > 0 ? `sent ${times(sentCount)}` : "from an earlier visit",
            isOpen ? "waiting for the answer" : "",
            fillCount > 0 ? `filled ${times(fillCount)}` : "",
          ]
            .filter(Boolean)
            .join(", ")}
      </p>
    </li>
  );
}
