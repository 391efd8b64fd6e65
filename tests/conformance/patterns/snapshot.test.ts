import { createServer, stateAt, type HeddleServer } from "@heddle/server";
import { createClient, type Client } from "@heddle/client";
import { channel, defineContract } from "@heddle/protocol/contract";
import type { WirePos } from "@heddle/protocol";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { MemoryLogger } from "../support/chat.ts";
import { Inbox } from "../support/inbox.ts";
import { RawClient } from "../support/raw-client.ts";
import { transportTo } from "../support/transports.ts";

const contract = defineContract({
  channels: { score: channel({ params: { game: z.string() }, events: { add: z.number() } }) },
});
type Server = HeddleServer<typeof contract>;

/** A server whose state is the sum of what was published, kept by itself. */
class Game implements AsyncDisposable {
  readonly server: Server;
  readonly logger = new MemoryLogger();
  url = "";
  sum = 0;
  position: WirePos | undefined;
  loads = 0;

  constructor() {
    this.server = createServer({
      ...{ contract, logger: this.logger, auth: (token: string | undefined) => (token ? { user: token } : null) },
    });
  }

  async start(): Promise<this> {
    ({ url: this.url } = await this.server.listen({ port: 0, host: "127.0.0.1" }));
    return this;
  }

  async add(points: number): Promise<void> {
    const { position } = await this.server.channel("score").publish({ game: "1" }, "add", points);
    this.sum += points;
    this.position = position;
  }

  client(user: string): Client<typeof contract> {
    return createClient<typeof contract>({ transport: transportTo(this.url), token: () => user });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.server.close();
  }
}

describe("a snapshot and the stream behind it", () => {
  it("fit without gap or repetition while others publish", async () => {
    await using game = new Game();
    game.server.channel("score").snapshot(async () => {
      const { sum, position } = game;
      await game.add(1_000); // what happens while it loads comes by the stream
      return position === undefined ? sum : stateAt(position, sum);
    });
    await game.start();
    for (let n = 0; n < 10; n++) await game.add(1);
    await using ada = game.client("ada");
    const seen = new Inbox<number>();
    const score = ada.channel("score", { game: "1" }, { at: "snap" });
    score.onSnapshot((state) => seen.take(state as number));
    score.on("add", (points) => seen.take(points));
    await score.ready();
    await game.add(7);
    expect(await seen.nextOf(3)).toEqual([10, 1_000, 7]);
    expect(seen.all.reduce((sum, part) => sum + part)).toBe(game.sum);
  });

  it("is loaded once for joiners that come together", async () => {
    await using game = new Game();
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    game.server.channel("score").snapshot(async ({ params, channel: name }) => {
      game.loads++;
      await gate;
      return [name, params.game];
    });
    await game.start();
    const joiners = await Promise.all(["a", "b", "c"].map((k) => RawClient.greet(`${game.url}/realtime`, { k })));
    for (const joiner of joiners) {
      joiner.say({ t: "sub", r: 1, ch: "score/1", at: "snap" });
      await joiner.settled(); // it has asked
    }
    open();
    for (const joiner of joiners) {
      expect(await joiner.answer(1)).toMatchObject({ t: "subd", snap: ["score/1", "1"] });
      await joiner[Symbol.asyncDispose]();
    }
    expect(game.loads).toBe(1);
  });

  it("of a user is nobody else's", async () => {
    await using game = new Game();
    game.server.channel("score").snapshot.perUser(({ user }) => `only for ${user.id}`);
    await game.start();
    await using ada = game.client("ada");
    await using bob = game.client("bob");
    const states = new Inbox<unknown>();
    for (const client of [ada, bob]) {
      const score = client.channel("score", { game: "1" }, { at: "snap" });
      score.onSnapshot((state) => states.take(state));
      score.on("add", () => {});
      await score.ready();
    }
    expect(await states.nextOf(2)).toEqual(["only for ada", "only for bob"]);
  });

  it("that cannot be loaded is said, and what went wrong is logged, not told", async () => {
    await using game = new Game();
    game.server.channel("score").snapshot(() => {
      throw new Error("hunter2");
    });
    await game.start();
    await using raw = await RawClient.greet(`${game.url}/realtime`, { k: "ada" });
    raw.say({ t: "sub", r: 1, ch: "score/1", at: "snap" });
    const answer = await raw.answer(1);
    expect(answer.t).toBe("err");
    expect(JSON.stringify(answer)).not.toContain("hunter2");
    expect(game.logger.errors()).toHaveLength(1);
  });
});
