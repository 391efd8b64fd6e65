// Checks of engines that several nodes share: what one does, the others see; who is there, and who has left.

import { utf8Decode, utf8Encode } from "@heddle/base";
import { positions, Listener, type EngineCase } from "./bench.ts";
import { expectRefusal, expectSame, expectThat } from "./expect.ts";

const needs = ["peer"] as const;

export const peerCases: readonly EngineCase[] = [
  {
    title: "shows what one node appends to another node's sink, once each and in order",
    needs,
    async run(bench) {
      const peer = await bench.peer();
      const listener = new Listener();
      await peer.log.attach("a", listener);
      const all = await bench.fill("a", 10);
      await bench.until("entries are shown", () => listener.entries.length >= 10);
      expectSame("shown", positions(listener.entries), all);
    },
  },
  {
    title: "gives all nodes one log: epoch, head and entries",
    needs,
    async run(bench) {
      const peer = await bench.peer();
      const [root] = await peer.log.heads(["a"]);
      const pos = await bench.add("a");
      expectSame("epoch", pos.epoch, root?.epoch);
      const read = await peer.log.read("a", { last: 10, limit: 10, bytes: 1e6 });
      expectSame("read by the other", [positions(read.entries), read.head], [[pos], pos]);
    },
  },
  {
    title: "recognises a publish that is sent again through another node",
    needs,
    async run(bench) {
      const peer = await bench.peer();
      const dedup = bench.by("x", 1);
      const pos = await bench.add("a", { dedup });
      expectSame("again", await peer.log.append("a", bench.draft({ dedup })), { s: "dup", pos });
    },
  },
  {
    title: "puts what two nodes append at once into one order, the same for both",
    needs,
    async run(bench) {
      const peer = await bench.peer();
      const [own, others] = [new Listener(), new Listener()];
      await Promise.all([bench.log.attach("a", own), peer.log.attach("a", others)]);
      await Promise.all(
        Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? bench.log : peer.log).append("a", bench.draft())),
      );
      await bench.until("all are shown", () => own.entries.length >= 40 && others.entries.length >= 40);
      const order = positions((await bench.whole("a")).entries);
      expectSame("to one", positions(own.entries), order);
      expectSame("to the other", positions(others.entries), order);
    },
  },
  {
    title: "tells another node's sink of a drop",
    needs,
    async run(bench) {
      const peer = await bench.peer();
      const listener = new Listener();
      await peer.log.attach("a", listener);
      await bench.add("a");
      await bench.log.drop("a");
      await bench.until("it is told", () => listener.breaks.length > 0);
    },
  },
  {
    title: "carries messages from node to node, in order, with their sender",
    needs,
    async run(bench) {
      const peer = await bench.peer();
      const heard: string[] = [];
      await peer.bus.subscribe("t", (body, from) => void heard.push(`${from} ${utf8Decode(body)}`));
      for (let index = 0; index < 20; index++) bench.engine.bus.publish("t", utf8Encode(`${index}`));
      await bench.until("messages arrive", () => heard.length === 20);
      expectSame(
        "heard",
        heard,
        Array.from({ length: 20 }, (_, index) => `${bench.engine.registry.self} ${index}`),
      );
    },
  },
  {
    title: "has a request answered by the node it names",
    needs,
    async run(bench) {
      const peer = await bench.peer();
      bench.engine.bus.respond(async () => utf8Encode("the wrong one"));
      peer.bus.respond(async (body, from) => utf8Encode(`${utf8Decode(body)} from ${from}`));
      const answer = await bench.engine.bus.request(peer.registry.self, utf8Encode("q"), 2_000);
      expectSame("answer", utf8Decode(answer), `q from ${bench.engine.registry.self}`);
    },
  },
  {
    title: "rejects a request whose handler fails, and one to a node that has stopped",
    needs,
    async run(bench) {
      const peer = await bench.peer();
      peer.bus.respond(() => Promise.reject(new Error("no")));
      const name = peer.registry.self;
      const request = (): Promise<Uint8Array> => bench.engine.bus.request(name, utf8Encode("q"), 200);
      await expectRefusal("failing", request(), "unknown");
      await peer.stop();
      await expectRefusal("stopped", request(), "unknown", "unreachable");
    },
  },
  {
    title: "knows every node that is there, and tells who has left",
    needs,
    async run(bench) {
      const { registry } = bench.engine;
      const left: string[] = [];
      registry.changed.on((change) => void left.push(...change.left));
      const peer = await bench.peer();
      const name = peer.registry.self;
      expectThat("names differ", name !== registry.self);
      await bench.until("each knows the other", () =>
        [registry, peer.registry].every((each) => each.alive().includes(name) && each.alive().includes(registry.self)),
      );
      await peer.stop();
      await bench.until("it is known to have left", () => left.length > 0);
      expectSame("left", [left, registry.alive()], [[name], [registry.self]]);
    },
  },
];
