import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@heddle/client";
import { disk } from "@heddle/engine-disk";
import { createServer } from "@heddle/server";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { playground } from "../contract.ts";
import { symbols } from "../symbols.ts";
import { setUpExchange } from "./exchange.ts";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "heddle-exchange-"))));
afterEach(() => rmSync(folder, { recursive: true }));

/** An exchange on the disk, and somebody who trades there. */
async function open() {
  const engine = disk({ path: folder, sync: "interval" });
  const auth = (token: string | undefined) => (token ? { user: token } : null);
  const server = createServer({ contract: playground, auth, engine, secret: "a secret of at least 32 bytes, kept" });
  const exchange = setUpExchange(server);
  server.call("openRoom", ({ room }) => ({ room }));
  const { url } = await server.listen({ port: 0, host: "127.0.0.1" });
  const client = createClient<typeof playground>({ url: `${url}/realtime`, token: () => "ada" });
  const close = async (): Promise<void> => {
    exchange.stop();
    await client.close();
    await server.close();
  };
  const place = (given: typeof order) => client.call("placeOrder", given, { idempotent: true });
  return { server, exchange, place, [Symbol.asyncDispose]: close };
}

const symbol = symbols[0] as string;
const order = { orderId: "order-0001", symbol, side: "buy" as const, quantity: 3 };
const refused = { code: 306, why: "this order id was used for another order" };

describe("an order", () => {
  it("is filled once, also by the exchange that comes after", async () => {
    let first;
    {
      await using market = await open();
      first = await market.place(order);
      expect(await market.place(order)).toEqual(first);
    }
    await using market = await open();
    expect(await market.place(order)).toEqual(first);
    const { events } = await market.server.channel("fills").history({ user: "ada" }, { last: 10 });
    expect(events.map(({ payload }) => payload)).toEqual([first]);
  });

  it("is refused when its id was used for another, also by the exchange that comes after", async () => {
    const other = { ...order, quantity: 4 };
    {
      await using market = await open();
      await market.place(order);
      await expect(market.place(other)).rejects.toMatchObject(refused);
    }
    await using market = await open();
    await expect(market.place(other)).rejects.toMatchObject(refused);
  });
});

describe("a market on the disk", () => {
  it("goes on with the prices it had", async () => {
    {
      await using market = await open();
      await market.exchange.start();
      const ticks = () => market.server.channel("quote").history({ symbol }, { last: 1 });
      await expect.poll(async () => (await ticks()).events.length).toBe(1);
      market.exchange.stop();
    }
    await using market = await open();
    const { events } = await market.server.channel("quote").history({ symbol }, { last: 1 });
    expect((await market.place(order)).price).toBe(events[0]?.payload.price);
  });
});
