import { describe, expect, it } from "vitest";
import type { ClientState } from "./connection.ts";
import type { CoreOptions } from "../options.ts";
import { LocalError } from "../errors.ts";
import { Scene, welcome } from "../testing/scripted-server.ts";

function statesOf(scene: Scene): ClientState[] {
  const states: ClientState[] = [];
  scene.client.onState((state) => void states.push(state));
  return states;
}

describe("connecting", () => {
  it("goes from idle over connecting to online, with hello first", async () => {
    const scene = new Scene();
    const states = statesOf(scene);
    expect(scene.client.state).toEqual({ name: "idle" });
    scene.client.connect();
    const hello = await scene.greeted();
    expect(hello).toMatchObject({ t: "hello", v: 1, w: 262_144 });
    expect(hello.pid).toMatch(/^[0-9a-z]{21}$/);
    expect(scene.client.state.name).toBe("connecting");
    await scene.welcomed();
    expect(states.map(({ name }) => name)).toEqual(["connecting", "online"]);
    expect(scene.client).toMatchObject({ userId: "u1", x: "x1", connectionId: "n1-1", guarantee: welcome.g });
  });

  it("happens by itself with the first use", async () => {
    const scene = new Scene();
    scene.client.channel("room/1").on("message", () => undefined);
    await scene.settle();
    expect(scene.links).toHaveLength(1);
  });

  it("draws another producer id at every start", async () => {
    const pids = await Promise.all([1, 2].map(async () => (await new Scene().reaching()).pid));
    const { SeededRandom } = await import("@heddle/base/fakes");
    const other = (await new Scene({ random: new SeededRandom(2) }).reaching()).pid;
    expect(pids[0]).toBe(pids[1]); // the same seed
    expect(other).not.toBe(pids[0]);
  });

  it("gives up an attempt that takes ten seconds, and tries again", async () => {
    const scene = new Scene();
    scene.client.connect();
    await scene.greeted();
    await scene.clock.advanceAsync(9_999);
    expect(scene.client.state.name).toBe("connecting");
    await scene.clock.advanceAsync(1);
    expect(scene.client.state).toMatchObject({ name: "waiting", why: "not online in 10000 ms" });
    expect(scene.link.closedWith).toBe(4002);
    await scene.nextAttempt();
    await scene.welcomed();
    expect(scene.client.state.name).toBe("online");
  });

  it("ignores what a link says that was given up", async () => {
    const scene = await Scene.online();
    const old = scene.link;
    scene.client.channel("room/1").on("message", () => undefined);
    old.bye(4000);
    await scene.nextAttempt();
    old.say(welcome);
    old.drop(4400);
    expect(scene.client.state.name).toBe("connecting");
    await scene.welcomed();
    expect(scene.client.state.name).toBe("online");
  });

  it("names the connection it replaces, and brings the anonymous ticket", async () => {
    const scene = await Scene.online({}, { an: "ticket" });
    expect(await scene.reconnect()).toMatchObject({ prev: "n1.secret", an: "ticket" });
  });

  it("survives a transport that throws", async () => {
    let isBroken = true;
    const scene: Scene = new Scene({
      transport: {
        name: "moody",
        open: (handlers) => {
          if (isBroken) throw new Error("no such address");
          return scene.transport.open(handlers);
        },
      },
    });
    scene.client.connect();
    await scene.settle();
    expect(scene.client.state).toMatchObject({ name: "waiting", why: "Error: no such address" });
    isBroken = false;
    await scene.nextAttempt();
    await scene.welcomed();
  });
});

describe("trying again", () => {
  it("waits with full jitter that widens from 0.3 to 20 seconds", async () => {
    const waits = (share: number): Promise<number[]> => waitsWhenRandomIs(share, 9);
    expect(await waits(0)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const widest = await waits(1);
    expect(widest).toEqual([300, 600, 1_200, 2_400, 4_800, 9_600, 19_200, 20_000, 20_000]);
  });

  it("begins at most twelve attempts a minute, however short the waits", async () => {
    const scene = new Scene({ random: { float: () => 0 } });
    scene.client.connect();
    for (let round = 0; round < 1_000; round++) {
      await scene.settle();
      if (scene.clock.monotonicMs() < 60_000 && scene.client.state.name === "connecting") scene.link.drop();
      else if (scene.clock.nextDueMs !== undefined && scene.clock.nextDueMs < 60_000) scene.clock.step();
      else break;
    }
    expect(scene.links).toHaveLength(12);
    expect(scene.clock.monotonicMs()).toBeLessThan(60_000);
  });

  it("starts over with short waits after a connection that was welcomed", async () => {
    const scene = new Scene({ random: { float: () => 0.999 } });
    scene.client.connect();
    for (let round = 0; round < 4; round++) {
      await scene.settle();
      scene.link.drop();
      await scene.nextAttempt();
    }
    await scene.welcomed();
    scene.link.drop();
    expect(scene.client.state).toMatchObject({ retryInMs: expect.closeTo(299.7, 1) as number });
  });

  it("waits as long as the server asks, and waking up does not shorten that", async () => {
    const scene = await Scene.online();
    scene.link.bye(4004, { after: 7_000 });
    expect(scene.client.state).toMatchObject({ name: "waiting", retryInMs: 7_000, code: 4004, why: "told so" });
    scene.client.probe();
    await scene.clock.advanceAsync(6_999);
    expect(scene.links).toHaveLength(1);
    await scene.clock.advanceAsync(1);
    expect(scene.links).toHaveLength(2);
  });

  it("happens at once when the network is back", async () => {
    const { scene, wake } = await withLifecycle({
      random: { float: () => 0.9 },
    });
    scene.link.drop();
    await scene.settle();
    expect(scene.links).toHaveLength(1);
    wake();
    await scene.settle();
    expect(scene.links).toHaveLength(2);
  });

  it("is resumed fifty times in a row", async () => {
    const scene = await Scene.online();
    scene.client.channel("room/1").on("message", () => undefined);
    scene.subd("room/1", ["E1", 1, 10]);
    for (let round = 0; round < 50; round++) {
      await scene.reconnect();
      scene.subd("room/1", ["E1", 1, 10]);
    }
    expect(scene.client.stats).toMatchObject({ connects: 51, resumes: 50, gaps: 0 });
  });
});

describe("what a close code asks for", () => {
  it.each([
    [1000, "waiting"],
    [1001, "waiting"],
    [1005, "waiting"],
    [1006, "waiting"],
    [1009, "waiting"],
    [1011, "waiting"],
    [4000, "waiting"],
    [4029, "waiting"],
    [4100, "waiting"],
    [4200, "waiting"],
    [1002, "closed"],
    [1008, "closed"],
    [4400, "closed"],
    [4401, "closed"],
    [4406, "closed"],
    [4410, "closed"],
  ])("after %i the client is %s", async (code, name) => {
    const scene = await Scene.online();
    scene.link.drop(code, "because");
    expect(scene.client.state).toMatchObject({ name, code, why: "because" });
  });

  it("is what bye said, whatever the close behind it says", async () => {
    const scene = await Scene.online();
    scene.link.bye(4403);
    scene.link.drop(1006);
    expect(scene.client.state).toMatchObject({ name: "closed", code: 4403 });
  });

  it("is malformed when a frame makes no sense", async () => {
    for (const text of ["{", "null", "7", '{"t":3}', '{"c":1}']) {
      const scene = await Scene.online();
      scene.link.say(text);
      expect(scene.client.state).toMatchObject({ name: "closed", code: 4400 });
    }
  });

  it("is no common version when a frame is critical and unknown", async () => {
    const scene = await Scene.online();
    scene.link.say('{"t":"!new"}');
    expect(scene.client.state).toMatchObject({ name: "closed", code: 4406 });
  });

  it("is nothing when a frame is unknown", async () => {
    const scene = await Scene.online();
    scene.link.say('{"t":"new","c":4}');
    expect(scene.client.state.name).toBe("online");
  });
});

describe("signs of life", () => {
  it("keep the connection: any frame within ping and ten seconds", async () => {
    const scene = await Scene.online();
    for (let round = 0; round < 5; round++) {
      await scene.clock.advanceAsync(34_000);
      await scene.says({ t: "ping" });
    }
    expect(scene.client.state.name).toBe("online");
    expect(scene.link.all("pong")).toHaveLength(5);
    await scene.clock.advanceAsync(34_999);
    expect(scene.client.state.name).toBe("online");
    await scene.clock.advanceAsync(1);
    expect(scene.client.state).toMatchObject({ name: "waiting", why: "silent" });
    expect(scene.link.closedWith).toBe(4002);
  });

  it("are asked for on waking, and a link without any is replaced within two seconds", async () => {
    const { scene, wake } = await withLifecycle();
    scene.link.isDead = true;
    wake();
    await scene.clock.advanceAsync(1_499);
    expect(scene.client.state.name).toBe("online");
    await scene.clock.advanceAsync(1);
    expect(scene.client.state.name).toBe("waiting");
  });

  it("may be anything, and pongs measure the round trip", async () => {
    const scene = await Scene.online();
    await scene.clock.advanceAsync(5_000);
    scene.client.probe();
    scene.client.probe();
    expect(scene.link.all("ping")).toHaveLength(1);
    await scene.clock.advanceAsync(30);
    await scene.says({ t: "pong" });
    await scene.clock.advanceAsync(5_000);
    expect(scene.client.state.name).toBe("online");
    expect(scene.client.stats.rttMs).toBe(30);
  });

  it("are not asked for before there is a connection", async () => {
    const scene = new Scene();
    scene.client.connect();
    await scene.settle();
    scene.client.probe();
    await scene.clock.advanceAsync(5_000);
    expect(scene.client.state.name).toBe("connecting");
    expect(scene.link.frames).toEqual([]);
  });
});

describe("receipts", () => {
  it("tell totals of every frame after welcome, known, unknown or discarded, after a second", async () => {
    const scene = await Scene.online();
    const frames = ['{"t":"m","c":9,"o":1,"g":5}', '{"t":"whatever","x":1}', '{"t":"ping"}'];
    await scene.says(...frames);
    await scene.clock.advanceAsync(999);
    expect(scene.link.all("ack")).toEqual([]);
    await scene.clock.advanceAsync(1);
    expect(scene.link.all("ack")).toEqual([{ t: "ack", n: 3, b: frames.join("").length }]);
    await scene.clock.advanceAsync(5_000);
    expect(scene.link.all("ack")).toHaveLength(1);
  });

  it("are told at once when half the window is used", async () => {
    const scene = await Scene.online({}, { w: 65_536 });
    const big = JSON.stringify({ t: "m", c: 9, d: "x".repeat(20_000) });
    await scene.says(big);
    expect(scene.link.all("ack")).toEqual([]);
    await scene.says(big);
    expect(scene.link.all("ack")).toEqual([{ t: "ack", n: 2, b: 2 * big.length }]);
  });

  it("begin anew with every connection", async () => {
    const scene = await Scene.online();
    await scene.says({ t: "ping" });
    await scene.clock.advanceAsync(1_000);
    await scene.reconnect();
    await scene.says({ t: "ping" });
    await scene.clock.advanceAsync(1_000);
    expect(scene.link.all("ack")).toEqual([{ t: "ack", n: 1, b: 12 }]);
  });
});

describe("closing", () => {
  it("says 1000, rejects what is open, sends nothing more and waits for the other side", async () => {
    const scene = await Scene.online();
    const call = scene.client.call("slow");
    const publish = scene.client.channel("room/1").publish("message", 1);
    const errors = Promise.all([call, publish].map((promise) => promise.catch((error: unknown) => error)));
    await scene.settle();
    const sentCount = scene.link.frames.length;
    let isDown = false;
    const closing = scene.client.close().then(() => (isDown = true));
    expect(scene.client.state).toMatchObject({ name: "closed", code: 1000 });
    for (const error of await errors) expect(error).toMatchObject({ code: "closed", outcome: "unknown" });
    expect(scene.link.closedWith).toBe(1000);
    expect(isDown).toBe(false);
    scene.link.drop(1000);
    await closing;
    expect(scene.link.frames).toHaveLength(sentCount);
    await scene.clock.advanceAsync(120_000);
    expect(scene.links).toHaveLength(1);
  });

  it("does not wait for more than two seconds", async () => {
    const scene = await Scene.online();
    const closing = scene.client.close();
    await scene.clock.advanceAsync(2_000);
    await expect(closing).resolves.toBeUndefined();
  });

  it("leaves no timer behind", async () => {
    const scene = await Scene.online();
    const closing = scene.client.close();
    scene.link.drop(1000);
    await closing;
    expect(scene.clock.nextDueMs).toBeUndefined();
  });

  it("makes every later use fail with closed", async () => {
    const scene = new Scene();
    await scene.client.close();
    expect(() => scene.client.connect()).toThrow(LocalError);
    expect(() => scene.client.channel("room/1").on("message", () => undefined)).toThrow(/closed/);
    await expect(scene.client.call("x")).rejects.toMatchObject({ code: "closed" });
    await expect(scene.client.channel("room/1").publish("message", 1)).rejects.toMatchObject({ code: "closed" });
    await expect(scene.client.channel("room/1").ready()).rejects.toMatchObject({ code: "closed" });
  });
});

async function withLifecycle(options: Partial<CoreOptions> = {}): Promise<{ scene: Scene; wake: () => void }> {
  let wake = (): void => undefined;
  const lifecycle = {
    watch: (woke: () => void) => {
      wake = woke;
      return () => undefined;
    },
  };
  const scene = await Scene.online({ lifecycle, ...options });
  return { scene, wake: () => wake() };
}

/** How long the client waits after each of `count` failures when chance always says `share`. */
async function waitsWhenRandomIs(share: number, count: number): Promise<number[]> {
  const scene = new Scene({
    attemptsPerMinuteCount: 1_000,
    random: { float: () => share },
  });
  const waits: number[] = [];
  scene.client.onState((state) => void (state.name === "waiting" && waits.push(state.retryInMs)));
  scene.client.connect();
  for (let round = 0; round < count; round++) {
    await scene.settle();
    scene.link.drop();
    await scene.nextAttempt();
  }
  return waits;
}
