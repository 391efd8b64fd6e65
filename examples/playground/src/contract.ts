// What the playground's page and its server say to each other: every channel, call and payload, once for both sides.
// The page imports its type alone, so no schema library reaches the browser.

import { call, channel, defineContract, hours, minutes, volatile } from "@heddle/protocol/contract";
import { z } from "zod";
import { symbols } from "./symbols.ts";

const RoomName = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,22}[a-z0-9])?$/, "a room's name has 1 to 24 of a-z, 0-9 and - (not at its ends)");
const SymbolName = z.enum(symbols as [string, ...string[]]);
const Text = z.string().trim().min(1).max(2_000);
/** Chosen by the author's page, so that it recognises its own message when the stream brings it. */
const Ref = z.string().max(24).default("");

const Tick = z.object({
  price: z.number().positive(),
  /** Price at the start of the day. */
  open: z.number().positive(),
  /** Counts this symbol's ticks from 1: a viewer sees how many it was spared. */
  seq: z.int().positive(),
});

const Order = z.object({
  /** The same id is the same order, however often it is sent. */
  orderId: z.string().regex(/^[A-Za-z0-9-]{8,36}$/),
  symbol: SymbolName,
  side: z.enum(["buy", "sell"]),
  quantity: z.int().min(1).max(1_000),
});

const Fill = z.object({
  orderId: z.string(),
  symbol: z.string(),
  side: z.enum(["buy", "sell"]),
  quantity: z.int(),
  price: z.number(),
  /** Counts all fills of this server from 1. */
  fillNumber: z.int(),
});

/** Enough for the liveliest symbol to go on after ten seconds without a connection. */
const ticks = { entries: 300, ageMs: minutes(10) };

export const playground = defineContract({
  channels: {
    /** One room of the chat. Who wrote is stamped by the server, never taken from the page. */
    room: channel({
      params: { room: RoomName },
      events: {
        message: z
          .object({ text: Text, ref: Ref })
          .transform((said) => ({ ...said, from: "", name: "", isBot: false, at: 0 })),
        typing: volatile(z.object({ on: z.boolean() }).transform((said) => ({ ...said, from: "", name: "" }))),
      },
      member: z.object({ name: z.string().min(1).max(32), isBot: z.boolean() }),
      history: { entries: 500, ageMs: hours(24) },
      slow: "resume",
    }),
    /** Which rooms there are: a snapshot, then each one opened since. */
    lobby: channel({
      params: {},
      events: { opened: z.object({ room: RoomName }) },
      history: { entries: 100, ageMs: hours(24) },
      slow: "resume",
    }),
    /** The price of one symbol, at most five times a second; what comes faster is conflated for each viewer. */
    quote: channel({
      params: { symbol: SymbolName },
      events: { tick: Tick },
      history: ticks,
      slow: "latest",
      everyMs: 200,
    }),
    /** The same for those who want less: once a second. */
    calm: channel({
      params: { symbol: SymbolName },
      events: { tick: Tick },
      history: ticks,
      slow: "latest",
      everyMs: 1_000,
    }),
    /** How busy the exchange is. */
    pulse: channel({
      params: {},
      events: { second: z.object({ tickRate: z.number(), fillCount: z.int() }) },
      history: { entries: 4, ageMs: minutes(10) },
      slow: "latest",
      everyMs: 500,
    }),
    /** What one person's orders became. Nobody else may read it. */
    fills: channel({
      params: { user: z.string().min(1).max(64) },
      events: { filled: Fill },
      history: { entries: 200, ageMs: hours(24) },
      slow: "resume",
    }),
  },
  calls: {
    /** Sent twice, or retried over a dead connection, it is still one order. */
    placeOrder: call({ input: Order, output: Fill, idempotent: true }),
    openRoom: call({ input: z.object({ room: RoomName }), output: z.object({ room: z.string() }), idempotent: true }),
  },
});

export type Playground = typeof playground;
