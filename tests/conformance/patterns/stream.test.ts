import { createServer, refuse, type HeddleServer } from "@heddle/server";
import { createClient, streamOf, type Client } from "@heddle/client";
import { call, channel, defineContract, stream } from "@heddle/protocol/contract";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { MemoryLogger } from "../support/chat.ts";
import { Line } from "../support/clients.ts";
import { Inbox } from "../support/inbox.ts";
import { transportTo, whyLeft } from "../support/transports.ts";

const contract = defineContract({
  channels: { room: channel({ params: {}, events: { message: z.string() } }) },
  calls: {
    count: call({ input: z.object({ to: z.number(), pad: z.number().default(0) }), output: stream(z.string()) }),
    plain: call({ input: z.string(), output: z.string() }),
  },
});

interface Running extends AsyncDisposable {
  readonly server: HeddleServer<typeof contract>;
  readonly logger: MemoryLogger;
  /** The latest value a handler gave. */
  latest: number;
  /** Why a handler's `finally` ran. */
  readonly ended: Inbox<string>;
  client(port?: number): Client<typeof contract>;
}

async function start(): Promise<Running> {
  const logger = new MemoryLogger();
  const server = createServer({ contract, logger, auth: (token) => (token ? { user: token } : null) });
  const ended = new Inbox<string>();
  server.call("plain", (text) => text.toUpperCase());
  server.call("count", async function* ({ to, pad }, { signal }) {
    try {
      for (let n = 1; n <= to; n++) {
        running.latest = n;
        yield `${n}${"x".repeat(pad)}`;
        if (n === 3 && to === 666) refuse("enough");
      }
    } finally {
      ended.take(signal.aborted ? (signal.reason as Error).message : "done");
    }
  });
  const { url } = await server.listen({ port: 0, host: "127.0.0.1" });
  const running: Running = {
    ...{ server, logger, ended, latest: 0 },
    client: (port) =>
      createClient<typeof contract>({
        transport: transportTo(port === undefined ? url : `http://127.0.0.1:${port}`),
        token: () => "ada",
        backoffMinMs: 20,
      }),
    [Symbol.asyncDispose]: () => server.close(),
  };
  return running;
}

describe("a stream", () => {
  it("gives every value of the handler in order, and ends", async () => {
    await using app = await start();
    await using ada = app.client();
    const values: number[] = [];
    for await (const value of streamOf(ada, "count", { to: 5_000 })) values.push(Number(value));
    expect(values).toEqual(Array.from({ length: 5_000 }, (_, index) => index + 1));
    expect(await app.ended.next()).toBe("done");
  });

  // 500 turns of a poll: seconds where nothing else runs, many more where it does.
  it(
    "whose consumer is slow stops its handler, while publications, calls and other streams go on",
    { timeout: 60_000 },
    async () => {
      await using app = await start();
      await using ada = app.client();
      const slow = streamOf(ada, "count", { to: 1_000_000, pad: 1_000 });
      expect((await slow.next()).value).toMatch(/^1x/);
      const heard = new Inbox<string>();
      const room = ada.channel("room");
      room.on("message", (text) => heard.take(text));
      await room.ready();
      for (let n = 1; n <= 500; n++) {
        await app.server.channel("room").publish({}, "message", `${n}${"y".repeat(2_000)}`); // four windows in all
        expect(await heard.next()).toMatch(new RegExp(`^${n}y`));
      }
      expect(await ada.call("plain", "still here")).toBe("STILL HERE");
      const others: string[] = [];
      for await (const value of streamOf(ada, "count", { to: 3 })) others.push(value);
      expect(others).toEqual(["1", "2", "3"]);
      app.latest = 0;
      expect((await slow.next()).value).toMatch(/^2x/);
      await slow.return?.();
      expect(app.latest).toBeLessThan(100); // 64 KiB ahead and one part: it had stopped
      expect([await app.ended.next(), await app.ended.next()]).toEqual(["done", whyLeft()]);
    },
  );

  it("that is left runs the handler's finally", async () => {
    await using app = await start();
    await using ada = app.client();
    for await (const value of streamOf(ada, "count", { to: 1_000_000 })) if (value === "10") break;
    expect(await app.ended.next()).toBe(whyLeft());
    expect(app.logger.errors()).toEqual([]);
  });

  it("throws what the handler refuses, behind the values before it", async () => {
    await using app = await start();
    await using ada = app.client();
    const values = streamOf(ada, "count", { to: 666 });
    expect([await values.next(), await values.next(), await values.next()]).toHaveLength(3);
    await expect(values.next()).rejects.toMatchObject({ code: 306, why: "enough" });
    await expect(streamOf(ada, "count", { to: "all" } as never).next()).rejects.toMatchObject({ code: 306 });
  });

  it("ends with its connection for both sides, and is not repeated", async () => {
    await using app = await start();
    await using line = await Line.to(app);
    await using ada = app.client(Number(new URL(line.url).port));
    const values = streamOf(ada, "count", { to: 1_000_000, pad: 1_000 });
    await values.next();
    line.cut();
    line.mend();
    const drain = async (): Promise<void> => {
      for await (const value of values) void value;
    };
    await expect(drain()).rejects.toMatchObject({ code: "unknown-outcome", outcome: "unknown" });
    expect(await app.ended.next()).toBe("the connection ended");
    expect(await ada.call("plain", "again")).toBe("AGAIN");
  });
});
