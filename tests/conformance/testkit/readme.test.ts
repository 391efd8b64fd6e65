import { expect, it } from "vitest";
import { clientOnBadNetwork, misbehave } from "./bad-network.ts";

it("is what the README shows: a client that does not connect through a network that is cut", async () => {
  const { client, faults } = clientOnBadNetwork("ws://127.0.0.1:1/realtime");
  misbehave(faults);
  expect(faults.status).toEqual({ isCut: true, isReaderFrozen: true, delayMs: 200, linkCount: 0, heldCount: 0 });
  await client.close();
});
