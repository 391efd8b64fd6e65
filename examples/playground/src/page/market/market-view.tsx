// The market: a hundred prices, the pace at which they come, and orders that happen once.

import { useEffect } from "preact/hooks";
import { symbols } from "../../symbols.ts";
import { inWidth } from "../words.ts";
import { OrderPanel } from "./order-panel.tsx";
import type { Orders } from "./orders.ts";
import { sparkHeight, sparkWidth, type Pace, type Quotes, type QuoteView } from "./quotes.ts";

export interface MarketProps {
  readonly quotes: Quotes;
  readonly orders: Orders;
}

export function MarketView({ quotes, orders }: MarketProps) {
  useEffect(() => {
    quotes.start();
    return () => quotes.stop();
  }, [quotes]);
  return (
    <div class="market">
      <section class="quotes" aria-labelledby="market-title">
        <header class="market-head">
          <h1 id="market-title">Market</h1>
          <PaceChoice quotes={quotes} />
        </header>
        <Totals quotes={quotes} />
        <QuoteTable quotes={quotes} />
      </section>
      <OrderPanel orders={orders} quotes={quotes} />
    </div>
  );
}

const paces: readonly { readonly pace: Pace; readonly word: string }[] = [
  { pace: "quote", word: "5 a second" },
  { pace: "calm", word: "1 a second" },
];

function PaceChoice({ quotes }: { readonly quotes: Quotes }) {
  return (
    <fieldset class="choice">
      <legend>
        <span class="wide-only">Each symbol at</span>
        <span class="narrow-only">At</span> most
      </legend>
      {paces.map(({ pace, word }) => (
        <label key={pace}>
          <input
            type="radio"
            name="pace"
            value={pace}
            checked={quotes.pace.value === pace}
            onChange={() => quotes.take(pace)}
          />
          <span>{word}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Totals({ quotes }: { readonly quotes: Quotes }) {
  const { shownRate, tickRate, sparedCount } = quotes.totals.value;
  return (
    <dl class="totals number">
      <div>
        <dt>Ticks made</dt>
        <dd data-testid="tick-rate">
          {tickRate === undefined ? "–" : `${Math.round(tickRate).toLocaleString("en")}/s`}
        </dd>
      </div>
      <div>
        <dt>Sent to you</dt>
        <dd data-testid="shown-rate">{`${Math.round(shownRate).toLocaleString("en")}/s`}</dd>
      </div>
      <div>
        <dt>Spared you</dt>
        <dd data-testid="spared">{sparedCount.toLocaleString("en")}</dd>
      </div>
    </dl>
  );
}

function QuoteTable({ quotes }: { readonly quotes: Quotes }) {
  return (
    <div class="quote-scroll scroll" tabIndex={0} role="region" aria-label="Prices">
      <table class="quote-table">
        <caption class="unseen">Latest price of each symbol</caption>
        <thead>
          <tr>
            <th scope="col">Symbol</th>
            <th scope="col" class="right">
              Price
            </th>
            <th scope="col" class="right">
              Today
            </th>
            <th scope="col" class="spark-cell">
              Lately
            </th>
            <th scope="col" class="right">
              Spared
            </th>
          </tr>
        </thead>
        <tbody>
          {symbols.map((symbol) => (
            <QuoteRow key={symbol} symbol={symbol} quotes={quotes} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const noQuote: QuoteView = { price: 0, change: 0, direction: "same", spark: "", sparedCount: 0 };
/** An element of its own: the value that takes its place is another, so nothing counts as moved. */
const noValue = <span class="soft">–</span>;
const signs = { up: "▲", down: "▼", same: "" } as const;

function QuoteRow({ symbol, quotes }: { readonly symbol: string; readonly quotes: Quotes }) {
  const view = quotes.viewOf(symbol).value;
  const { price, change, direction, spark, sparedCount } = view ?? noQuote;
  const trend = change >= 0 ? "gain" : "loss";
  return (
    <tr data-symbol={symbol}>
      <th scope="row">{symbol}</th>
      <td class={`right number price ${direction}`}>
        <span aria-hidden="true" class="sign">
          {signs[direction]}
        </span>
        {view === undefined ? noValue : inWidth(price.toFixed(2), 6)}
      </td>
      <td class={`right number ${trend}`}>
        {view === undefined ? noValue : inWidth(`${change >= 0 ? "+" : "−"}${Math.abs(change * 100).toFixed(2)} %`, 8)}
      </td>
      <td class="spark-cell">
        <svg
          class={`spark ${trend}`}
          width={sparkWidth}
          height={sparkHeight}
          viewBox={`0 0 ${sparkWidth} ${sparkHeight}`}
          preserveAspectRatio="none"
          aria-hidden="true"
        >
          <polyline points={spark} vector-effect="non-scaling-stroke" />
        </svg>
      </td>
      <td class="right number soft">{inWidth(String(sparedCount), 6)}</td>
    </tr>
  );
}
