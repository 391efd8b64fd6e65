import { describe, expect, it } from "vitest";
import { FakeDevice } from "../testing/fake-device.ts";
import { Scene } from "../testing/scripted-server.ts";
import { SlowClock } from "../testing/slow-clock.ts";
import type { HiddenPolicy } from "./watch-device.ts";

async function onDevice(whenHidden?: HiddenPolicy) {
  const device = new FakeDevice();
  const clock = new SlowClock();
  const scene = await Scene.online({ device, whenHidden }, {}, clock);
  /** The server is there and says so for a while. */
  const passes = async (ms: number): Promise<void> => {
    for (let leftMs = ms; leftMs > 0; leftMs -= 20_000) {
      await scene.says({ t: "ping" });
      await clock.advanceAsync(Math.min(leftMs, 20_000));
    }
  };
  return { device, clock, scene, passes, pings: () => scene.link.all("ping").length };
}

describe("a page that is hidden", () => {
  it("keeps its connection for as long as it is hidden, unless told otherwise", async () => {
    const { device, scene, passes, pings } = await onDevice();
    device.tell("hidden");
    await passes(3_600_000);
    expect(scene.links).toHaveLength(1);
    expect([scene.client.state.name, pings()]).toEqual(["online", 0]);
    device.tell("visible");
    expect(pings()).toBe(1);
  });

  it("gives its connection up at once when told to pause, holds what is published, and goes on when shown", async () => {
    const { device, scene, clock } = await onDevice("pause");
    const room = scene.client.channel("room/1");
    room.on("message", () => undefined);
    scene.subd("room/1", ["E1", 4, 40]);
    device.tell("hidden");
    await clock.advanceAsync(0);
    expect(scene.link.closedWith).toBe(4002);
    expect(scene.client.state).toMatchObject({ name: "waiting", why: "paused" });
    void room.publish("message", "later");
    await clock.advanceAsync(7_200_000);
    expect(scene.links).toHaveLength(1);
    device.tell("visible");
    const hello = await scene.welcomed();
    expect(hello.subs).toMatchObject([{ ch: "room/1", at: ["pos", "E1", 4, 40] }]);
    expect(scene.link.all("pub")).toHaveLength(1);
  });

  it("gives it up after the time it was given, counted anew each time it is hidden", async () => {
    const { device, scene, passes } = await onDevice({ closeAfterMs: 60_000 });
    device.tell("hidden");
    await passes(59_000);
    device.tell("visible");
    await passes(120_000);
    device.tell("hidden");
    await passes(59_999);
    expect(scene.client.state.name).toBe("online");
    await passes(1);
    expect(scene.client.state.name).toBe("waiting");
  });

  it("does not connect while paused, though an attempt was waiting when it was hidden", async () => {
    const { device, scene, clock } = await onDevice("pause");
    scene.link.bye(4004, { after: 7_000 });
    device.tell("hidden");
    await clock.advanceAsync(3_600_000);
    expect(scene.links.slice(1).every(({ frames }) => frames.length === 0)).toBe(true);
    expect(scene.client.state.name).toBe("waiting");
    device.tell("visible");
    await scene.welcomed();
    expect(scene.client.state.name).toBe("online");
  });

  it.each([2_999, 30_000_001, NaN])("is refused a time of %d", (closeAfterMs) => {
    expect(() => new Scene({ device: new FakeDevice(), whenHidden: { closeAfterMs } })).toThrow(
      `closeAfterMs: ${closeAfterMs}, not 3000 to 30000000`,
    );
  });
});

describe("a page that was left", () => {
  it("has no connection while the browser keeps it, and one at once when it comes back", async () => {
    const { device, scene, clock } = await onDevice();
    device.tell("left", "hidden", "frozen");
    expect(scene.link.closedWith).toBe(4002);
    await clock.freeze(600_000);
    expect(scene.links).toHaveLength(1);
    device.tell("resumed", "returned");
    await scene.welcomed();
    expect(scene.links).toHaveLength(2);
  });
});

describe("a page that was frozen", () => {
  it("asks whether its connection lives before it takes silence for death", async () => {
    const { device, scene, clock, pings } = await onDevice();
    device.tell("hidden", "frozen");
    await clock.freeze(50_000);
    expect(scene.client.state.name).toBe("online");
    device.tell("resumed");
    expect(pings()).toBe(1);
    await scene.says({ t: "pong" });
    await clock.advanceAsync(10_000);
    expect(scene.links).toHaveLength(1);
  });

  it("finds by its own timer that it slept, when nobody tells it", async () => {
    const { clock, scene, pings } = await onDevice();
    await clock.freeze(50_000);
    expect(pings()).toBe(1);
    await clock.advanceAsync(1_800);
    expect(scene.links).toHaveLength(2);
  });
});

describe("a machine that slept", () => {
  it("is noticed by its wall clock when its timers stood still", async () => {
    const { clock, pings } = await onDevice();
    await clock.advanceAsync(5_000);
    clock.jumpWall(600_000);
    expect(pings()).toBe(0);
    await clock.advanceAsync(2_000);
    expect(pings()).toBe(1);
  });

  it("is not suspected for a wall clock that is put right by a few seconds, or backwards", async () => {
    const { clock, pings, passes } = await onDevice();
    clock.jumpWall(4_000);
    await passes(10_000);
    clock.jumpWall(-600_000);
    await passes(10_000);
    expect(pings()).toBe(0);
  });
});

describe("a network that comes back", () => {
  it("is used at once, however long the wait was to be", async () => {
    const { device, scene } = await onDevice();
    device.tell("offline");
    expect(scene.client.state.name).toBe("online");
    scene.link.drop();
    expect(scene.links).toHaveLength(1);
    device.tell("online");
    await scene.settle();
    expect(scene.links).toHaveLength(2);
  });
});

describe("a client that is closed", () => {
  it("watches its device no more, and leaves no timer", async () => {
    const { device, scene } = await onDevice({ closeAfterMs: 5_000 });
    device.tell("hidden");
    const closing = scene.client.close();
    scene.link.drop(1000);
    await closing;
    expect(device.isWatched).toBe(false);
    expect(scene.clock.nextDueMs).toBeUndefined();
  });
});
