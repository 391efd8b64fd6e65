// A server on the disk engine, stopped and started again; and the READMEs' code, which must run.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@heddle/client";
import { channel, defineContract } from "@heddle/protocol/contract";
import { signToken } from "@heddle/auth-jwt";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Inbox } from "../support/inbox.ts";
import { cases } from "./any-engine.ts";
import { persistentServer } from "./persistent-server.ts";

const contract = defineContract({
  channels: {
    room: channel({ params: {}, events: { message: z.object({ text: z.string() }) }, history: { entries: 100 } }),
  },
});
const secret = new Uint8Array(32).fill(7);

describe("a server on the disk engine", () => {
  it("is resumed after a restart without a gap, and says that what it accepted has reached the disk", async () => {
    const path = await mkdtemp(join(tmpdir(), "heddle-server-"));
    try {
      const start = async (port: number) => {
        const server = persistentServer(contract, secret, path);
        server.channel("room").authorize(() => true);
        return { server, address: await server.listen({ port }) };
      };
      let { server, address } = await start(0);
      expect(server.stats().guarantee).toMatchObject({ log: "disk", ack: "fsync" });
      const url = `${address.url.replace("http", "ws")}/realtime`;
      await using client = createClient<typeof contract>({ url, token: () => signToken({ secret, user: "ada" }) });
      const room = client.channel("room", {});
      const [messages, gaps] = [new Inbox<string>(), [] as string[]];
      room.on("message", ({ text }) => messages.take(text));
      room.onGap(({ why }) => void gaps.push(why));
      await room.ready();
      await room.publish("message", { text: "before" });
      expect(await messages.next()).toBe("before");
      await server.close({ spreadMs: 0 });
      const meanwhile = room.publish("message", { text: "while it was down" });
      ({ server, address } = await start(address.port));
      client.probe();
      await meanwhile;
      expect(await messages.next()).toBe("while it was down");
      const { events } = await server.channel("room").history({}, { last: 10 });
      expect(events).toHaveLength(2);
      expect(gaps).toEqual([]);
      await server.close();
    } finally {
      await rm(path, { recursive: true });
    }
  });
});

describe("the READMEs of engine and test kit", () => {
  it("show the very files that run here", async () => {
    for (const [readme, shown] of [
      ["engine-disk", "persistent-server.ts"],
      ["engine-redis", "shared-server.ts"],
      ["testkit", "any-engine.ts"],
    ] as const) {
      const read = (path: string): Promise<string> => readFile(new URL(path, import.meta.url), "utf8");
      expect(await read(`../../../packages/${readme}/README.md`)).toContain((await read(`./${shown}`)).trimEnd());
    }
  });

  it("show a list of checks that can be run", async () => {
    expect(cases.length).toBeGreaterThan(60);
    for (const { run } of cases.slice(0, 3)) await run();
  });
});
