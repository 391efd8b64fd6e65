// What users of other systems complained about, on devices that sleep.

import { describe, expect, it } from "vitest";
import { FakeDevice } from "../testing/fake-device.ts";
import { Scene, welcome } from "../testing/scripted-server.ts";
import { SlowClock } from "../testing/slow-clock.ts";

const lifeMs = 900_000;
const expiring = { exp: (welcome.now + lifeMs) / 1_000 };

/** A client with a token of fifteen minutes, and a machine that then sleeps for an hour, its timers standing still. */
async function asleep() {
  const device = new FakeDevice();
  const asked: string[] = [];
  let isDown = false;
  const scene = await Scene.online(
    {
      device,
      token: ({ reason }) => {
        asked.push(reason);
        return isDown ? Promise.reject(new Error("endpoint down")) : `token-${asked.length}`;
      },
    },
    expiring,
    new SlowClock(),
  );
  scene.client.channel("room/1").on("message", () => undefined);
  scene.subd("room/1", ["E1", 1, 10]);
  device.tell("hidden", "frozen");
  scene.clock.jumpWall(3_600_000);
  const wake = (): void => device.tell("resumed", "visible");
  return { scene, asked, wake, setDown: (is: boolean) => void (isDown = is) };
}

/** Tokens of every `hello`. */
const tokensOf = (scene: Scene): unknown[] => scene.links.flatMap((link) => link.all("hello").map(({ k }) => k));

describe("supabase/supabase-js#2613: a token that expires while the machine sleeps", () => {
  it("is replaced on the connection that lived on, before anything else is asked", async () => {
    const { scene, asked, wake } = await asleep();
    wake();
    await scene.settle();
    expect(asked).toEqual(["connect", "expiring"]);
    expect(scene.link.all("auth")).toMatchObject([{ k: "token-2" }]);
    await scene.says({ t: "pong" }, { t: "ok", r: scene.link.last("auth").r });
    await scene.clock.advanceAsync(2_000); // the clocks say that it slept, too, and the link is asked once more
    await scene.says({ t: "pong" });
    await scene.clock.advanceAsync(5_000);
    expect(scene.link.all("auth")).toHaveLength(1);
    expect(scene.links).toHaveLength(1);
  });

  it("is replaced before the first join of the next connection when the old one is dead", async () => {
    const { scene, wake } = await asleep();
    scene.link.isDead = true;
    wake();
    await scene.clock.advanceAsync(2_000);
    const hello = await scene.welcomed();
    expect(hello).toMatchObject({ k: "token-2", subs: [{ ch: "room/1", at: ["pos", "E1", 1, 10] }] });
    expect(tokensOf(scene)).toEqual(["token-1", "token-2"]);
  });

  it("leaves the loop alive while its endpoint is down for a minute, and nobody joins without one", async () => {
    const { scene, wake, setDown } = await asleep();
    setDown(true);
    scene.link.isDead = true;
    wake();
    await scene.clock.advanceAsync(60_000);
    expect(scene.links).toHaveLength(1);
    expect(["waiting", "connecting"]).toContain(scene.client.state.name);
    setDown(false);
    await scene.nextAttempt();
    await scene.welcomed();
    expect(scene.client.state.name).toBe("online");
    expect(tokensOf(scene)).toHaveLength(2);
    expect(tokensOf(scene)).not.toContain(undefined);
  });

  it("that is refused is asked for once more, and a second refusal is the end", async () => {
    const { scene, asked, wake } = await asleep();
    scene.link.drop();
    wake();
    await scene.greeted();
    scene.link.bye(4101);
    await scene.nextAttempt();
    await scene.greeted();
    scene.link.bye(4101);
    expect(scene.client.state).toMatchObject({ name: "closed", code: 4101 });
    expect(asked).toEqual(["connect", "expiring", "refused"]);
  });
});

describe("a page whose timers run once a minute", () => {
  it("stays connected and present for an hour, answers every ping, and enters once", async () => {
    const device = new FakeDevice();
    const clock = new SlowClock();
    const scene = await Scene.online({ device }, {}, clock);
    const room = scene.client.channel("room/1", { presence: true });
    room.on("message", () => undefined);
    const c = scene.subd("room/1", ["E1", 1, 10]);
    const entered = room.presence.enter({ name: "Ada" });
    await scene.settle();
    await scene.says({ t: "ok", r: scene.link.last("presence").r });
    await entered;
    device.tell("hidden");
    clock.gridMs = 60_000;
    for (let round = 1; round <= 144; round++) {
      await scene.clock.advanceAsync(25_000);
      await scene.says({ t: "ping" });
      expect(scene.link.all("pong")).toHaveLength(round);
    }
    expect(c).toBe(1);
    expect(scene.links).toHaveLength(1);
    expect(scene.link.all("presence")).toHaveLength(1);
    expect(scene.client.stats).toMatchObject({ connects: 1, framesOut: scene.link.frames.length });
  });

  it("replaces a connection that died, all the same", async () => {
    const device = new FakeDevice();
    const clock = new SlowClock();
    const scene = await Scene.online({ device }, {}, clock);
    device.tell("hidden");
    clock.gridMs = 60_000;
    await scene.says({ t: "ping" });
    scene.link.isDead = true;
    await clock.advanceAsync(300_000);
    expect(scene.links.length).toBeGreaterThan(1);
  });
});

describe("a zombie socket whose close never fires", () => {
  it("is replaced within two seconds of waking", async () => {
    const { scene, wake } = await asleep();
    const zombie = scene.link;
    zombie.isDead = true;
    wake();
    await scene.clock.advanceAsync(1_499);
    expect(scene.links).toHaveLength(1);
    await scene.clock.advanceAsync(501);
    expect(scene.links).toHaveLength(2);
    expect(zombie.closedWith).toBe(4002);
    await scene.welcomed();
    expect(scene.client.state.name).toBe("online");
  });
});
