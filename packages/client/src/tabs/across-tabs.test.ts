import { FakeClock } from "@heddle/base/fakes";
import { parseTabMessage, tabEnd, tabFrames, wireLimits } from "@heddle/protocol";
import { describe, expect, it } from "vitest";
import { FakeDevice } from "../testing/fake-device.ts";
import { FakeTabs } from "../testing/fake-tabs.ts";
import type { Transport, TransportHandlers } from "../transport/transport.ts";
import { acrossTabs, leaderMs } from "./across-tabs.ts";
import { overOne } from "./over-one.ts";

/** A socket as the server sees it. */
interface Socket {
  readonly tab: string;
  readonly handlers: TransportHandlers;
  readonly sent: string[];
  closedWith: number | undefined;
}

class Scene {
  readonly clock = new FakeClock();
  readonly tabs = new FakeTabs(this.clock);
  readonly shared: Socket[] = [];
  readonly alone: Socket[] = [];
  readonly devices = new Map<string, FakeDevice>();

  #network(tab: string, sockets: Socket[]): Transport {
    return {
      name: "websocket",
      open(handlers) {
        const socket: Socket = { tab, handlers, sent: [], closedWith: undefined };
        sockets.push(socket);
        return {
          send: (text) => void socket.sent.push(text),
          close: (code = 1000) => (socket.closedWith ??= code),
        };
      },
    };
  }

  /** A tab's transport. */
  tab(id: string): Transport {
    const device = new FakeDevice();
    this.devices.set(id, device);
    const shared = overOne(this.#network(id, this.shared), this.clock);
    const ports = this.tabs.portsOf(id);
    return acrossTabs({
      name: "n",
      id,
      ports,
      shared,
      alone: this.#network(id, this.alone),
      clock: this.clock,
      device,
    });
  }

  /** A link and what it heard. */
  open(transport: Transport) {
    const heard: string[] = [];
    const link = transport.open({
      opened: () => void heard.push("opened"),
      message: (text) => void heard.push(text),
      closed: (code, why) => void heard.push(`closed ${code} ${why}`),
    });
    this.clock.endTurn();
    return { heard, link };
  }

  /** Number of the session that sent this text on a socket. */
  numberOf(socket: Socket, text: string): number {
    const [n] = socket.sent.flatMap((message) => {
      const parsed = parseTabMessage(message);
      return parsed && "text" in parsed && parsed.text === text ? [parsed.n] : [];
    });
    if (n === undefined) throw new Error(`nobody sent ${text}: ${socket.sent.join(" | ")}`);
    return n;
  }

  /** Tabs `a`, `b`, …, each with an open link that has said its name; `a` leads. */
  opened(...ids: readonly string[]) {
    const all = ids.map((id) => ({ id, ...this.open(this.tab(id)) }));
    this.shared[0]?.handlers.opened();
    this.clock.endTurn();
    for (const { id, link } of all) link.send(id);
    this.clock.endTurn();
    return all;
  }

  socket(index = 0): Socket {
    const socket = this.shared[index];
    if (!socket) throw new Error("no such socket");
    return socket;
  }
}

type Opened = ReturnType<Scene["opened"]>[number];
const abc = (scene: Scene) => scene.opened("a", "b", "c") as [Opened, Opened, Opened];

describe("tabs that share a socket", () => {
  it("have one between them, and each hears what is its own, in order", () => {
    const scene = new Scene();
    const [a, b, c] = abc(scene);
    const socket = scene.socket();
    for (const { id } of [a, b, c])
      for (const text of ["1", "2"]) socket.handlers.message(tabFrames(scene.numberOf(socket, id), `${id}${text}`));
    scene.clock.endTurn();
    expect([a.heard, b.heard, c.heard]).toEqual(["a", "b", "c"].map((id) => ["opened", `${id}1`, `${id}2`]));
    expect([scene.shared.length, scene.alone.length]).toEqual([1, 0]);
  });

  it("lose their links when the tab that leads is gone, and have one socket again by another", () => {
    const scene = new Scene();
    const b = scene.tab("b");
    scene.open(scene.tab("a"));
    const c = scene.tab("c");
    const links = [scene.open(b), scene.open(c)];
    scene.socket().handlers.opened();
    scene.clock.endTurn();
    scene.tabs.kill("a");
    scene.clock.endTurn();
    for (const { heard } of links) expect(heard).toEqual(["opened", "closed 1006 another tab leads"]);
    const again = [scene.open(b), scene.open(c)];
    expect(scene.shared.map(({ tab }) => tab)).toEqual(["a", "b"]);
    scene.socket(1).handlers.opened();
    scene.clock.endTurn();
    for (const { heard } of again) expect(heard).toEqual(["opened"]);
    expect(scene.alone).toEqual([]);
  });

  it("end a session alone: with the client's code when a tab closes it, as left for good when a tab is gone", () => {
    const scene = new Scene();
    const [a, b, c] = abc(scene);
    const socket = scene.socket();
    b.link.close(4002, "silent");
    scene.tabs.kill("c");
    scene.clock.endTurn();
    const ends = [b, c].map(({ id }) => scene.numberOf(socket, id));
    expect(socket.sent.slice(-2)).toEqual([
      tabEnd(ends[0] as number, 4002, "silent"),
      tabEnd(ends[1] as number, 1001, ""),
    ]);
    expect([b.heard.at(-1), c.heard.at(-1), a.heard]).toEqual(["closed 4002 silent", "opened", ["opened"]]);
    expect(socket.closedWith).toBeUndefined();
  });

  it("are told by their server's close code when it ends one of them", () => {
    const scene = new Scene();
    const [a, b] = abc(scene);
    const socket = scene.socket();
    socket.handlers.message(tabEnd(scene.numberOf(socket, "b"), 4102, "revoked"));
    scene.clock.endTurn();
    expect([a.heard, b.heard]).toEqual([["opened"], ["opened", "closed 4102 revoked"]]);
  });

  it("go on by another when the one that leads is frozen, and leave the frozen one out until it wakes", () => {
    const scene = new Scene();
    const [a, b] = abc(scene);
    scene.devices.get("a")?.tell("frozen");
    scene.clock.endTurn();
    expect(scene.socket().closedWith).toBe(4002);
    expect([a, b].map(({ heard }) => heard.at(-1))).toEqual(Array(2).fill("closed 1006 its tab sleeps"));
    scene.tabs.kill("b");
    scene.tabs.kill("c");
    const later = scene.open(scene.tab("d"));
    expect(scene.shared.at(-1)?.tab).toBe("d");
    scene.devices.get("a")?.tell("resumed");
    scene.tabs.kill("d");
    scene.clock.endTurn();
    expect(later.heard).toEqual([]);
    scene.open(scene.tab("e"));
    expect(scene.shared.at(-1)?.tab).toBe("a");
  });

  it("have sockets of their own where the server does not know how, or the leader does not answer", () => {
    const scene = new Scene();
    const a = scene.tab("a");
    const first = scene.open(a);
    scene.socket().handlers.closed(4406, "only heddle.v1.json is spoken here");
    expect(first.heard).toEqual(["closed 1006 only heddle.v1.json is spoken here"]);
    scene.open(a);
    scene.open(scene.tab("b"));
    expect(scene.alone.map(({ tab }) => tab)).toEqual(["a", "b"]);

    const silent = new Scene();
    silent.tabs.portsOf("x").elect("n", () => undefined); // holds the name and serves nobody
    silent.open(silent.tab("a"));
    silent.clock.advance(leaderMs - 1);
    expect(silent.alone).toEqual([]);
    silent.clock.advance(1);
    expect(silent.alone.length).toBe(1);
  });

  it("have sockets of their own above what one socket takes", () => {
    const scene = new Scene();
    const ids = Array.from({ length: wireLimits.tabCount + 1 }, (_, index) => `t${index}`);
    scene.opened(...ids);
    expect([scene.shared.length, scene.alone.map(({ tab }) => tab)]).toEqual([1, [ids.at(-1)]]);
  });
});

describe("links over one socket", () => {
  it("find another socket when its server says that it goes away, while those that are open stay", () => {
    const scene = new Scene();
    const a = scene.tab("a");
    const old = scene.open(a);
    scene.socket().handlers.opened();
    old.link.send("a");
    scene.socket().handlers.message(tabFrames(1, '{"t":"move","ms":1}'));
    scene.open(a);
    expect(scene.shared.length).toBe(2);
    expect(old.heard).toEqual(["opened", '{"t":"move","ms":1}']);
    old.link.close(4002);
    expect(scene.socket().closedWith).toBe(4002);
    expect(scene.socket(1).closedWith).toBeUndefined();
  });

  it("are all lost when one was silent too long and nobody else has heard anything", () => {
    const scene = new Scene();
    const a = scene.tab("a");
    const [one, two] = [scene.open(a), scene.open(a)];
    scene.socket().handlers.opened();
    scene.clock.advance(1_000);
    scene.socket().handlers.message(tabFrames(2, "x"));
    scene.clock.advance(1_000);
    const three = scene.open(a);
    one.link.close(4002); // the other lives
    expect(scene.socket().closedWith).toBeUndefined();
    scene.clock.advance(500);
    three.link.close(4002);
    scene.clock.endTurn();
    expect(scene.socket().closedWith).toBe(4002);
    expect(two.heard.at(-1)).toBe("closed 1006 silent");
  });
});
