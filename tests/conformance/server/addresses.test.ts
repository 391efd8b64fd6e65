// One address after too much: real sockets, addresses as a proxy on this machine tells them.

import { createConnection } from "node:net";
import { describe, expect, it } from "vitest";
import { startChat } from "../support/chat.ts";
import { RawClient } from "../support/raw-client.ts";

const proxies = { trusted: ["127.0.0.1"] };
const from = (address: string) => ({ headers: { "X-Forwarded-For": address } });

/** Whether this one is welcomed; it stays until the server closes. */
async function isWelcome(...greeting: Parameters<typeof RawClient.greet>): Promise<boolean> {
  const { frames } = await RawClient.greet(...greeting);
  return frames.some(({ t }) => t === "welcome");
}

describe("limits by address", () => {
  it("refuse the connection too many with 429 on every transport, and no other address", async () => {
    await using running = await startChat({ proxies, limits: { addressConnections: 2 } });
    const url = `${running.url}/realtime`;
    await using one = await RawClient.greet(url, { k: "u1" }, from("203.0.113.9"));
    expect(await isWelcome(url, { k: "u2" }, from("203.0.113.9"))).toBe(true);
    await expect(RawClient.connect(url, from("203.0.113.9"))).rejects.toThrow("HTTP 429");
    await expect(RawClient.connect(url, from("1.1.1.1, 203.0.113.9"))).rejects.toThrow("HTTP 429");
    for (const path of ["stream", "poll", "frames"]) {
      const body = JSON.stringify({ t: "hello", v: 1, pid: "raw-client", k: "u3" });
      const response = await fetch(`${url}/${path}`, { method: "POST", body, ...from("203.0.113.9") });
      expect([response.status, response.headers.get("Retry-After")]).toEqual([429, "10"]);
      await response.text();
    }
    expect(await isWelcome(url, { k: "u3" }, from("203.0.113.10"))).toBe(true);
    one.socket.close();
    await one.closed;
    expect(await isWelcome(url, { k: "u1" }, from("203.0.113.9"))).toBe(true);
    expect(running.server.stats().addresses.addressRefusals).toBe(5);
  });

  it("refuse attempts beyond the rate, before anything is read of them", async () => {
    await using running = await startChat({
      proxies,
      limits: { addressAttemptsBurst: 3, addressAttemptsPerSecond: 1 },
    });
    const url = `${running.url}/realtime`;
    const tries = Array.from({ length: 6 }, () =>
      RawClient.connect(url, from("2001:db8::1")).then(
        (client) => client[Symbol.asyncDispose]().then(() => 101),
        (error: Error) => error.message,
      ),
    );
    const outcomes = await Promise.all(tries);
    expect(outcomes.filter((outcome) => outcome === 101).length).toBeLessThan(6);
    expect(outcomes).toContain("HTTP 429");
  });
});

describe("limits by user and in total", () => {
  it("close the connection too many of one user with 4029 and a time, and a replaced one is none too many", async () => {
    await using running = await startChat({ limits: { userConnections: 2 } });
    const url = `${running.url}/realtime`;
    await using first = await RawClient.greet(url, { k: "ada" });
    expect(await isWelcome(url, { k: "ada" })).toBe(true);
    await using third = await RawClient.connect(url);
    third.say({ t: "hello", v: 1, pid: "raw-client", k: "ada" });
    expect(await third.next("bye")).toMatchObject({ code: 4029, after: 10_000 });
    expect(await isWelcome(url, { k: "bob" })).toBe(true);
    const { rs } = await first.next("welcome");
    expect(await isWelcome(url, { k: "ada", prev: rs })).toBe(true);
    expect((await first.closed).code).toBe(4410);
    expect(running.server.stats().counters?.userRefusals).toBe(1);
  });

  it("close sockets beyond the most at once, also those that never ask for anything", async () => {
    await using running = await startChat({ limits: { socketsMax: 20 } });
    const { port } = new URL(running.url);
    const sockets = Array.from({ length: 60 }, () => createConnection({ port: Number(port), host: "127.0.0.1" }));
    const closed = sockets.map(
      (socket) => new Promise<void>((resolve) => socket.on("error", resolve).on("close", () => resolve())),
    );
    let closedCount = 0;
    await new Promise<void>((resolve) => {
      for (const each of closed) void each.then(() => ++closedCount === 40 && resolve());
    });
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
    expect(await isWelcome(`${running.url}/realtime`, { k: "ada" })).toBe(true);
  });
});
