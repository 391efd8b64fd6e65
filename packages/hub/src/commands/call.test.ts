import { describe, expect, it } from "vitest";
import { HubError } from "../hub-error.ts";
import type { CallOutcome } from "../ports/index.ts";
import { openWorld } from "../testing/fixture.ts";

const double = (value: unknown): CallOutcome => ({ is: "ok", json: String(2 * (value as number)) });
const ask = (r: number, over: object = {}): object => ({ t: "call", r, op: "double", d: 21, ...over });

describe("a call answered at once", () => {
  it("is answered in the turn it came, and leaves no deadline behind", async () => {
    const world = await openWorld({ operations: { double: { run: double } } });
    const client = await world.connect();
    const dueMs = world.clock.nextDueMs;
    client.sayOnly(ask(5, { ms: 1 }));
    client.port.flush();
    expect(client.last("ok")).toEqual({ t: "ok", r: 5, d: 42 });
    expect(world.clock.nextDueMs).toBe(dueMs);
  });

  it("frees its number, also when it throws", async () => {
    let count = 0;
    const run = (): CallOutcome => {
      if (count++ === 0) throw new HubError("refused", "not yet");
      return { is: "ok", json: String(count) };
    };
    const world = await openWorld({ operations: { double: { run } } });
    const client = await world.connect();
    await client.say(ask(5), ask(5), ask(5));
    expect(client.of("err")).toMatchObject([{ r: 5, why: "not yet" }]);
    expect(client.of("ok")).toEqual([
      { t: "ok", r: 5, d: 2 },
      { t: "ok", r: 5, d: 3 },
    ]);
  });

  it("hears of a connection that it ends itself, and says nothing more", async () => {
    let reason: unknown;
    const world = await openWorld({
      operations: {
        double: {
          run: (_value, { signal }) => {
            signal.addEventListener("abort", () => {
              reason = signal.reason as unknown;
            });
            void world.hub.disconnectUser("u1");
            return { is: "ok", json: "1" };
          },
        },
      },
    });
    const client = await world.connect({ token: "u1" });
    await client.say(ask(5));
    expect(client.of("ok").filter(({ r }) => r === 5)).toEqual([]);
    expect(client.of("bye")).toHaveLength(1);
    expect(String(reason)).toContain("connection");
  });
});

describe("a call that waits", () => {
  it("holds its number until its deadline", async () => {
    const world = await openWorld({ operations: { double: { run: () => new Promise(() => undefined) } } });
    const client = await world.connect();
    await client.say(ask(5, { ms: 50 }), ask(5));
    expect(client.of("err")).toMatchObject([{ r: 5, why: "call.r: 5 is open already" }]);
    world.clock.advance(50);
    await world.settle();
    expect(client.of("err").at(-1)).toMatchObject({ r: 5, why: "no answer within 50 ms" });
  });
});
