import { describe, expect, it } from "vitest";
import type { WirePos } from "@heddle/protocol";
import type { Message } from "./delivery.ts";
import { at, Scene } from "../testing/scripted-server.ts";

/** Answers the latest question for history with entries `from…to`, the next page beginning at `p`. */
function answer(scene: Scene, from: number, to: number, p: WirePos, more: 0 | 1): Promise<void> {
  const list = [];
  for (let o = from; o <= to; o++) list.push({ o, g: o * 10, e: "message", i: `a:${o}`, d: o });
  return scene.says({ t: "ok", r: scene.link.last("history").r, d: { list, p, more } });
}

describe("history", () => {
  it("gives a page with its entries' positions, oldest first", async () => {
    const scene = await Scene.online();
    const asked = scene.client.channel("room/1").historyPage({ before: at(9), limit: 2, min: at(8) });
    await scene.settle();
    expect(scene.link.last("history")).toMatchObject({ ch: "room/1", before: at(9), limit: 2, min: at(8) });
    await answer(scene, 8, 9, at(7), 1);
    expect(await asked).toEqual({
      entries: [8, 9].map((o) => ({
        payload: o,
        meta: { event: "message", position: at(o), id: `a:${o}`, key: undefined, at: undefined, user: undefined },
      })),
      position: at(7),
      more: true,
    });
  });

  it("walks back page by page, newest first, as far as asked", async () => {
    const scene = await Scene.online();
    const walked = walk(scene.client.channel("room/1").history({ before: at(9), limit: 5 }));
    await scene.settle();
    expect(scene.link.last("history")).toMatchObject({ before: at(9), limit: 5 });
    await answer(scene, 7, 9, at(6), 1);
    expect(scene.link.last("history")).toMatchObject({ before: at(6), limit: 2 });
    await answer(scene, 5, 6, at(4), 1);
    expect(await walked).toEqual([9, 8, 7, 6, 5]);
    expect(scene.link.all("history")).toHaveLength(2);
  });

  it("walks forward, oldest first, to the end", async () => {
    const scene = await Scene.online();
    const walked = walk(scene.client.channel("room/1").history({ after: at(1) }));
    await scene.settle();
    await answer(scene, 2, 3, at(3), 1);
    expect(scene.link.last("history")).toMatchObject({ after: at(3), limit: 50 });
    await answer(scene, 4, 4, at(4), 0);
    expect(await walked).toEqual([2, 3, 4]);
  });

  it("begins with the newest", async () => {
    const scene = await Scene.online();
    const walked = walk(scene.client.channel("room/1").history({ last: 2, limit: 3 }));
    await scene.settle();
    expect(scene.link.last("history")).toMatchObject({ last: 2, limit: 2 });
    await answer(scene, 8, 9, at(7), 1);
    expect(scene.link.last("history")).toMatchObject({ before: at(7), limit: 1 });
    expect(scene.link.last("history").last).toBeUndefined();
    await answer(scene, 7, 7, at(6), 1);
    expect(await walked).toEqual([9, 8, 7]);
  });

  it("says that a position is not kept any more", async () => {
    const scene = await Scene.online();
    const asked = scene.client.channel("room/1").historyPage({ before: at(9) });
    await scene.settle();
    await Promise.all([
      expect(asked).rejects.toMatchObject({ code: 308, floor: at(20) }),
      scene.says({ t: "err", r: scene.link.last("history").r, code: 308, name: "expired", floor: at(20) }),
    ]);
  });

  it("is asked again after a lost connection, and later when the log is not there yet", async () => {
    const scene = await Scene.online();
    const asked = scene.client.channel("room/1").historyPage({ last: 1 });
    await scene.settle();
    await scene.reconnect();
    await scene.says({ t: "err", r: scene.link.last("history").r, code: 105, name: "not_yet", ms: 500 });
    await scene.clock.advanceAsync(500);
    expect(scene.link.all("history")).toHaveLength(2);
    await answer(scene, 1, 1, at(0), 0);
    expect((await asked).entries).toHaveLength(1);
  });
});

async function walk(entries: AsyncIterable<Message>): Promise<unknown[]> {
  const payloads: unknown[] = [];
  for await (const { payload } of entries) payloads.push(payload);
  return payloads;
}
