import type { HelloFrame } from "@heddle/protocol";
import { describe, expect, it } from "vitest";
import { at, entry, Scene, type ServerLink, welcome } from "../testing/scripted-server.ts";

const move = { t: "move", ms: 5_000 } as const;

interface Stage {
  readonly scene: Scene;
  readonly old: ServerLink;
  readonly states: string[];
  readonly got: unknown[];
}

/** A client that follows a channel and has got its first entry. */
async function following(): Promise<Stage> {
  const scene = await Scene.online();
  const states: string[] = [];
  const got: unknown[] = [];
  scene.client.onState(({ name }) => void states.push(name));
  scene.client.channel("room/1").on("message", (payload) => void got.push(payload));
  await scene.settle();
  const c = scene.subd("room/1", at(0));
  await scene.says(entry(c, 1));
  return { scene, old: scene.link, states, got };
}

/** The next connection opens; time passes until the client greets there. */
async function arrive(scene: Scene): Promise<HelloFrame> {
  scene.link.open();
  await scene.clock.advanceAsync(0);
  await scene.settle();
  return scene.link.last("hello");
}

describe("a client told to move", () => {
  it("opens its next connection first, goes on there where it was, and was never offline", async () => {
    const { scene, old, states, got } = await following();
    await scene.says(move);
    expect(scene.links).toHaveLength(2);
    old.say(entry(1, 2)); // served until the next connection stands
    expect(old.closedWith).toBeUndefined();
    const hello = await arrive(scene);
    expect(hello.subs).toMatchObject([{ ch: "room/1", at: ["pos", ...at(2)] }]);
    expect(hello.prev).toBe(welcome.rs);
    expect(old.closedWith).toBeUndefined();
    scene.link.say({ ...welcome, id: "n2-1" });
    await scene.settle();
    expect(old.closedWith).toBe(4002);
    const c = scene.subd("room/1", at(2));
    await scene.says(entry(c, 3));
    expect(got).toEqual([1, 2, 3]);
    expect(states).toEqual([]);
    expect(scene.client.state.name).toBe("online");
    expect(scene.client.connectionId).toBe("n2-1");
    expect(scene.errors).toEqual([]);
  });

  it("hears nothing any more from the old connection once it has greeted on the next", async () => {
    const { scene, old, got } = await following();
    await scene.says(move);
    await arrive(scene);
    old.say(entry(1, 2));
    old.bye(4000, { after: 9_000 });
    old.drop(4000);
    scene.link.say(welcome);
    await scene.settle();
    const c = scene.subd("room/1", at(1));
    await scene.says(entry(c, 2));
    expect(got).toEqual([1, 2]);
  });

  it("repeats a publish without an answer there, and keeps back what the server would not take before its welcome", async () => {
    const { scene, old } = await following();
    const published = scene.client.channel("room/1").publish("message", "mine");
    await scene.settle();
    await scene.says(move);
    await arrive(scene);
    void scene.client.channel("room/1").publish("message", "fleeting", { volatile: true });
    await scene.settle();
    expect(scene.link.frames.map(({ t }) => t)).toEqual(["hello"]);
    scene.link.say(welcome);
    await scene.settle();
    expect(scene.link.last("pub")).toMatchObject({ n: old.last("pub").n, d: "mine" });
    scene.link.say({ t: "ok", r: scene.link.last("pub").r as number, p: at(2) });
    await expect(published).resolves.toMatchObject({ duplicate: false });
  });

  it("waits a while for calls under way to be answered", async () => {
    const { scene, old } = await following();
    const answer = scene.client.call("slow");
    await scene.settle();
    await scene.says(move);
    scene.link.open();
    await scene.clock.advanceAsync(2_000);
    expect(scene.link.frames).toEqual([]);
    old.say({ t: "ok", r: old.last("call").r, d: "done" });
    await expect(answer).resolves.toBe("done");
    await scene.clock.advanceAsync(0);
    await scene.settle();
    expect(scene.link.last("hello").v).toBe(1);
  });

  it("leaves a call that takes too long, whose outcome is then unknown", async () => {
    const { scene } = await following();
    const outcome = scene.client.call("slow").catch((error: unknown) => error);
    await scene.settle();
    await scene.says(move);
    scene.link.open();
    await scene.clock.advanceAsync(3_100);
    await scene.settle();
    expect(scene.link.last("hello").v).toBe(1);
    expect(await outcome).toMatchObject({ code: "unknown-outcome" });
  });

  it("tries again while nobody takes it, and stays where it is", async () => {
    const { scene, old, states } = await following();
    await scene.says(move);
    for (const count of [2, 3, 4]) {
      expect(scene.links).toHaveLength(count);
      scene.link.drop(1006);
      await scene.clock.advanceAsync(2_000);
    }
    expect(states).toEqual([]);
    old.bye(4000, { after: 700 });
    await scene.settle();
    expect(states).toEqual(["waiting"]);
    expect(scene.link.closedWith).toBe(4002); // what was being opened is given up with it
    await scene.clock.advanceAsync(699);
    expect(states).toEqual(["waiting"]);
    await scene.clock.advanceAsync(1);
    expect(states).toEqual(["waiting", "connecting"]);
  });

  it("says that it waits when the next node turns it away", async () => {
    const { scene, states } = await following();
    await scene.says(move);
    await arrive(scene);
    scene.link.bye(4004, { after: 3_000 });
    await scene.settle();
    expect(states).toEqual(["waiting"]);
    expect(scene.client.state).toMatchObject({ code: 4004, retryInMs: 3_000 });
    await scene.nextAttempt();
    await scene.welcomed();
    expect(states).toEqual(["waiting", "connecting", "online"]);
  });

  it("gives up a next connection that does not welcome it", async () => {
    const { scene, old, states } = await following();
    await scene.says(move);
    await arrive(scene);
    await scene.clock.advanceAsync(5_000);
    expect(states[0]).toBe("waiting");
    expect(scene.links[1]?.closedWith).toBe(4002);
    expect(old.closedWith).toBe(4002);
    await scene.nextAttempt();
    await scene.welcomed();
    expect(states.at(-1)).toBe("online");
  });

  it("ends all connections when the application closes it meanwhile", async () => {
    const { scene, old } = await following();
    await scene.says(move);
    scene.link.open();
    const closing = scene.client.close();
    await scene.clock.advanceAsync(6_000);
    await closing;
    expect([old.closedWith, scene.link.closedWith].every((code) => code !== undefined)).toBe(true);
  });

  it("moves again when the next node goes away as well", async () => {
    const { scene, states } = await following();
    for (let round = 0; round < 3; round++) {
      await scene.says(move);
      await arrive(scene);
      scene.link.say({ ...welcome, id: `n${round + 2}-1` });
      await scene.settle();
      scene.subd("room/1", at(1));
    }
    expect(scene.links).toHaveLength(4);
    expect(scene.links.slice(0, 3).map(({ closedWith }) => closedWith)).toEqual([4002, 4002, 4002]);
    expect(scene.client.connectionId).toBe("n4-1");
    expect(states).toEqual([]);
  });

  it("is not moved by a payload that reads like a move", async () => {
    const { scene } = await following();
    await scene.says(entry(1, 2, { d: '{"t":"move","ms":1}' }), entry(1, 3, { d: { t: "move", ms: 1 } }));
    expect(scene.links).toHaveLength(1);
  });
});
