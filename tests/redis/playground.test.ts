// `npm start` on a Redis, twice: two processes that show as one.

import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { freePort, RedisServer } from "@heddle/testkit/process";
import { describe, expect, it } from "vitest";
import { Program } from "../e2e/support/program.ts";
import { main, ServerProcess } from "../e2e/support/server.ts";
import { eventually } from "./support/world.ts";

describe("two playgrounds on one Redis", () => {
  it("show as one: chat, rooms and prices go across, and the second takes over when the first is killed", async () => {
    await using server = await RedisServer.start();
    const folder = await mkdtemp(join(tmpdir(), "playground-"));
    const env = { PORT: "0", PLAYGROUND_DATA: folder, HEDDLE_REDIS: server.url };
    const processes = [new ServerProcess(env), new ServerProcess(env)] as const;
    try {
      const [one, two] = (await Promise.all(processes.map((each) => each.url()))) as [string, string];
      const [ada, ben] = await Promise.all([Program.join(one, "Ada"), Program.join(two, "Ben")]);
      const heard: string[] = [];
      const [adas, bens] = [ada, ben].map(({ client }) => client.channel("room", { room: "weaving" }));
      bens?.on("message", ({ name, text }) => void heard.push(`${name}: ${text}`));
      await bens?.ready();
      await adas?.publish("message", { text: "hello" });
      await eventually("it is heard at the other", () => heard.includes("Ada: hello"));

      await ada.client.call("openRoom", { room: "looms" }, { idempotent: true });
      const rooms = await ben.client.channel("lobby", {}).historyPage({ last: 10 });
      expect(rooms.entries).toHaveLength(1);

      let ticks = 0;
      ben.client.channel("quote", { symbol: "WARP" }).on("tick", () => void ticks++);
      await eventually("prices are there", () => ticks > 2);
      await processes[0].kill("SIGKILL");
      ticks = 0;
      await eventually("prices go on", () => ticks > 5);
      await Promise.all([ada, ben].map(({ client }) => client.close()));
    } finally {
      await Promise.all(processes.map((each) => each.kill("SIGKILL")));
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("say in one sentence that no page was built, and end, whether there is a Redis or not", async () => {
    await using server = await RedisServer.start();
    const built = dirname(dirname(main));
    // Beside the built one, where what is installed is found.
    const copy = await mkdtemp(join(dirname(built), "dist-without-page-"));
    await cp(built, copy, { recursive: true, filter: (path) => path !== join(built, "page") });
    const folder = await mkdtemp(join(tmpdir(), "playground-"));
    try {
      for (const shared of [{ HEDDLE_REDIS: server.url }, {}]) {
        const program = new ServerProcess(
          { PORT: "0", PLAYGROUND_DATA: folder, ...shared },
          join(copy, "server", "main.js"),
        );
        await expect(program.url()).rejects.toThrow("the playground did not start");
        expect(await program.ended).toMatchObject({
          code: 1,
          stderr: "The page is not built; npm run build builds it.\n",
        });
      }
    } finally {
      await rm(copy, { recursive: true });
      await rm(folder, { recursive: true });
    }
  });

  it("say in one sentence that there is no Redis, or that the address is none", async () => {
    const folder = await mkdtemp(join(tmpdir(), "playground-"));
    const start = (url: string) => new ServerProcess({ PORT: "0", PLAYGROUND_DATA: folder, HEDDLE_REDIS: url }).ended;
    const away = await start(`redis://127.0.0.1:${await freePort()}`);
    expect(away).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^The Redis of HEDDLE_REDIS cannot be used \(.*\)\.\n$/) as string,
    });
    const odd = await start("http://x");
    expect(odd).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^HEDDLE_REDIS is no address of a Redis \(.*\)\.\n$/) as string,
    });
    await rm(folder, { recursive: true });
  });
});
