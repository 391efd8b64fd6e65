import { describe, expect, it } from "vitest";
import { FakeClock } from "@heddle/base/fakes";
import { at, entry, Scene, ServerLink } from "../testing/scripted-server.ts";
import { headStartMs, upAfterMs } from "./any-transport.ts";
import { newLadder, type Ladder } from "./ladder.ts";
import type { Transport } from "./transport.ts";

interface World {
  readonly scene: Scene;
  readonly ladder: Ladder;
  /** Attempts of each transport. */
  readonly webSockets: ServerLink[];
  readonly streams: ServerLink[];
}

function world(): World {
  const clock = new FakeClock();
  const webSockets: ServerLink[] = [];
  const streams: ServerLink[] = [];
  const transportOf = (name: string, links: ServerLink[]): Transport => ({
    name,
    open(handlers) {
      const link = new ServerLink(handlers);
      links.push(link);
      scene.links.push(link);
      return link.clientEnd;
    },
  });
  let kept: string | undefined;
  const memory = { get: () => kept, set: (text: string) => void (kept = text) };
  const transports = [transportOf("websocket", webSockets), transportOf("stream", streams)];
  const ladder = newLadder(transports, { clock, memory, headStartMs, upAfterMs });
  const scene: Scene = new Scene({ transport: ladder }, clock);
  return { scene, ladder, webSockets, streams };
}

describe("a client on a ladder", () => {
  it("hears its first message within two seconds of a WebSocket that is held, 100 ms from its server", async () => {
    const { scene, ladder, streams } = world();
    const roundTripMs = 100;
    const heard: unknown[] = [];
    scene.client.channel("room/1").on("message", (payload) => void heard.push(payload));
    await scene.settle();
    while (streams.length === 0) await scene.clock.advanceAsync(10);
    await scene.clock.advanceAsync(3 * roundTripMs); // TCP, TLS, and the request with its answer
    await scene.welcomed();
    const c = scene.subd("room/1", at(1));
    await scene.says(entry(c, 2));
    expect(heard).toEqual([2]);
    expect(scene.clock.monotonicMs()).toBeLessThanOrEqual(2_000);
    expect([ladder.name, ladder.why]).toEqual(["stream", "silent"]);
  });

  it("moves up without a state between, a message lost or one twice", async () => {
    const { scene, ladder, webSockets, streams } = world();
    const heard: unknown[] = [];
    const states: string[] = [];
    scene.client.onState(({ name }) => void states.push(name));
    scene.client.channel("room/1").on("message", (payload) => void heard.push(payload));
    await scene.settle();
    webSockets[0]?.drop();
    await scene.welcomed({ ping: 10_000_000 });
    const c = scene.subd("room/1", at(1));
    await scene.says(entry(c, 2));
    await scene.clock.advanceAsync(upAfterMs);
    const [stream] = streams;
    webSockets[1]?.open(); // the look
    await scene.settle();
    webSockets[2]?.open(); // the next connection
    stream?.say(entry(c, 3));
    await scene.clock.advanceAsync(10);
    const hello = webSockets[2]?.last("hello");
    const [, , offset] = (hello?.subs?.[0]?.at ?? []) as readonly unknown[];
    await scene.welcomed();
    const next = scene.subd("room/1", at(offset as number));
    for (let o = (offset as number) + 1; o <= 4; o++) await scene.says(entry(next, o));
    expect(heard).toEqual([2, 3, 4]);
    expect(states).toEqual(["connecting", "online"]);
    expect(stream?.closedWith).toBe(4002);
    expect([ladder.name, ladder.why]).toEqual(["websocket", undefined]);
  });
});
