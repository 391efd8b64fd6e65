// What the README of the WebSocket package shows runs.

import type { AddressInfo } from "node:net";
import { expect, it, vi } from "vitest";
import { ask } from "./echo-client.ts";
import { startEcho } from "./echo-server.ts";

it("echoes as the README's two programs say", async () => {
  const closed = new Promise((resolve) => vi.spyOn(console, "log").mockImplementation(resolve));
  const http = startEcho(0);
  await new Promise((resolve) => http.once("listening", resolve));
  try {
    expect(await ask(`ws://localhost:${(http.address() as AddressInfo).port}/echo`, "hellö")).toBe("hellö");
    expect(await closed).toEqual({ code: 1000, reason: "thanks", wasClean: true });
  } finally {
    vi.restoreAllMocks();
    await new Promise((resolve) => http.close(resolve));
  }
});
