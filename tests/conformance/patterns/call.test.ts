import { createServer, forbid, refuse } from "@heddle/server";
import { createClient } from "@heddle/client";
import { call, defineContract } from "@heddle/protocol/contract";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { MemoryLogger, startChat } from "../support/chat.ts";
import { clientOf, Line } from "../support/clients.ts";
import { Inbox, until } from "../support/inbox.ts";
import { rejectionOf } from "../support/rejection.ts";
import { RawClient } from "../support/raw-client.ts";
import { transportTo } from "../support/transports.ts";

describe("a call", () => {
  it("is answered with what the handler returns", async () => {
    await using chat = await startChat();
    await using ada = clientOf(chat, "ada");
    expect(await ada.call("rename", { name: "ada" })).toEqual({ name: "ADA" });
  });

  it("runs beside others: a slow one delays nobody", async () => {
    await using chat = await startChat();
    await using ada = clientOf(chat, "ada");
    const stop = new AbortController();
    const slow = ada.call("wait", {}, { signal: stop.signal });
    expect(await ada.call("rename", { name: "b" })).toEqual({ name: "B" });
    stop.abort();
    await expect(slow).rejects.toMatchObject({ code: "aborted" });
  });

  it("that is cancelled stops the handler", async () => {
    await using chat = await startChat();
    await using raw = await RawClient.greet(`${chat.url}/realtime`, { k: "ada" });
    raw.say({ t: "call", r: 1, op: "wait", d: {} });
    await raw.settled();
    raw.say({ t: "cancel", r: 1 }, { t: "call", r: 2, op: "wait", d: {} }, { t: "cancel", r: 2 });
    expect(await raw.answer(1)).toMatchObject({ code: 309, name: "cancelled" });
    expect(await raw.answer(2)).toMatchObject({ code: 309, name: "cancelled" });
    expect(chat.stopped.all).toEqual(["cancelled", "cancelled"]);
    expect(chat.logger.errors()).toEqual([]);
  });

  it("that is not answered in time is over for both sides", async () => {
    await using chat = await startChat();
    await using raw = await RawClient.greet(`${chat.url}/realtime`, { k: "ada" });
    raw.say({ t: "call", r: 1, op: "wait", d: {}, ms: 20 });
    expect(await raw.answer(1)).toMatchObject({ code: 309, why: "no answer within 20 ms" });
    expect(chat.stopped.all).toEqual(["no answer within 20 ms"]);
    await using ada = clientOf(chat, "ada");
    await expect(ada.call("wait", {}, { timeoutMs: 50 })).rejects.toThrow();
  });

  it("stops its handler when the caller is gone", async () => {
    await using chat = await startChat();
    const raw = await RawClient.greet(`${chat.url}/realtime`, { k: "ada" });
    raw.say({ t: "call", r: 1, op: "wait", d: {} });
    await raw.settled();
    raw.socket.terminate();
    expect(await chat.stopped.next()).toBe("the connection ended");
  });

  it("declared idempotent is carried out once, however often it is repeated", async () => {
    await using chat = await startChat();
    await using raw = await RawClient.greet(`${chat.url}/realtime`, { k: "ada" });
    const order = { t: "call", op: "placeOrder", n: 1, d: { amount: 5 } };
    raw.say({ ...order, r: 1 }, { ...order, r: 2 });
    expect(await raw.answer(1)).toMatchObject({ d: { order: 1 } });
    expect(await raw.answer(2)).toMatchObject({ d: { order: 1 } });
    await using again = await RawClient.greet(`${chat.url}/realtime`, { k: "ada" }); // the same producer, another connection
    again.say({ ...order, r: 3 });
    expect(await again.answer(3)).toMatchObject({ d: { order: 1 } });
    expect(chat.orders).toEqual([5]);
  });

  it("declared idempotent is asked again by the client when the line is lost under way, and carried out once", async () => {
    const contract = defineContract({
      calls: { order: call({ input: z.number(), output: z.number(), idempotent: true }) },
    });
    const carriedOut = new Inbox<string | undefined>();
    let finish = (): void => {};
    const finished = new Promise<void>((resolve) => (finish = resolve));
    await using server = createServer({ contract, auth: (token) => (token ? { user: token } : null) });
    server.call("order", async (amount, { idempotencyKey }) => {
      carriedOut.take(idempotencyKey);
      await finished;
      return amount * 2;
    });
    await server.listen({ port: 0, host: "127.0.0.1" });
    await using line = await Line.to({ server });
    await using ada = createClient<typeof contract>({
      ...{ transport: transportTo(line.url), token: () => "ada", backoffMinMs: 20 },
    });
    const answer = ada.call("order", 21, { idempotent: true });
    expect(await carriedOut.next()).toMatch(/^[A-Za-z0-9_-]{16}:1$/);
    line.cut();
    line.mend();
    await until(
      () => ada.stats.connects === 2,
      (wake) => void ada.onState(wake),
      () => "second connection",
    );
    finish();
    expect(await answer).toBe(42);
    expect(carriedOut.all).toHaveLength(1);
  });

  it("can be refused, forbidden, or fail without saying more than an id", async () => {
    const contract = defineContract({ calls: { try: call({ input: z.string(), output: z.string() }) } });
    const logger = new MemoryLogger();
    await using server = createServer({ contract, logger, auth: (token) => (token ? { user: token } : null) });
    server.call("try", (how) => {
      if (how === "refuse") refuse("not today", [{ path: ["day"], message: "closed" }]);
      if (how === "forbid") forbid();
      throw new Error("the password is hunter2");
    });
    const { url } = await server.listen({ port: 0, host: "127.0.0.1" });
    await using ada = createClient<typeof contract>({
      transport: transportTo(url),
      token: () => "ada",
    });
    await expect(ada.call("try", "refuse")).rejects.toMatchObject({
      ...{ code: 306, why: "not today", issues: [{ path: ["day"], message: "closed" }] },
    });
    await expect(ada.call("try", "forbid")).rejects.toMatchObject({ code: 203, why: "not allowed" });
    const failure = await rejectionOf(ada.call("try", "fail"));
    expect(failure).toMatchObject({ code: 310, why: expect.stringMatching(/^internal error [0-9a-z]+$/) as string });
    expect(JSON.stringify(failure)).not.toContain("hunter2");
    expect(logger.errors()).toHaveLength(1);
    expect(ada.state.name).toBe("online");
  });
});
