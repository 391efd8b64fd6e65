// Checks of bus and registry, as far as one node alone can make them, and of an engine's beginning and end.

import { utf8Decode, utf8Encode } from "@heddle/base";
import type { EngineCase } from "./bench.ts";
import { expectRefusal, expectSame, expectThat } from "./expect.ts";

export const nodeCases: readonly EngineCase[] = [
  {
    title: "carries messages to every receiver of a topic, in order, with their sender",
    async run(bench) {
      const { bus, registry } = bench.engine;
      const [one, two, other]: string[][] = [[], [], []];
      const into = (list: string[] | undefined) => (body: Uint8Array, from: string) =>
        void list?.push(`${from} ${utf8Decode(body)}`);
      await Promise.all([
        bus.subscribe("t", into(one)),
        bus.subscribe("t", into(two)),
        bus.subscribe("u", into(other)),
      ]);
      const wanted = Array.from({ length: 20 }, (_, index) => `${registry.self} ${index}`);
      for (let index = 0; index < 20; index++) bus.publish("t", utf8Encode(`${index}`));
      await bench.until("messages arrive", () => one?.length === 20 && two?.length === 20);
      expectSame("received", [one, two, other], [wanted, wanted, []]);
    },
  },
  {
    title: "carries nothing to who unsubscribed, and unsubscribing twice leaves others alone",
    async run(bench) {
      const { bus } = bench.engine;
      const [gone, there]: string[][] = [[], []];
      const leave = await bus.subscribe("t", (body) => void gone?.push(utf8Decode(body)));
      await bus.subscribe("t", (body) => void there?.push(utf8Decode(body)));
      leave();
      leave();
      bus.publish("t", utf8Encode("1"));
      await bench.until("messages arrive", () => there?.length === 1);
      expectSame("received", [gone, there], [[], ["1"]]);
    },
  },
  {
    title: "publishes to a topic nobody receives",
    async run({ engine: { bus } }) {
      bus.publish("nobody", utf8Encode("1"));
    },
  },
  {
    title: "answers a request with what the node's handler returns",
    needs: ["request-to-self"],
    async run({ engine: { bus, registry } }) {
      bus.respond(async (body, from) => utf8Encode(`${utf8Decode(body)} from ${from}`));
      const answer = await bus.request(registry.self, utf8Encode("q"), 1_000);
      expectSame("answer", utf8Decode(answer), `q from ${registry.self}`);
    },
  },
  {
    title: "rejects a request to a node that is not there",
    async run({ engine: { bus } }) {
      await expectRefusal("request", bus.request("no-such-node", utf8Encode("q"), 50), "unknown", "unreachable");
    },
  },
  {
    title: "rejects a request that is not answered in time",
    needs: ["request-to-self"],
    async run({ engine: { bus, registry } }) {
      bus.respond(() => new Promise<never>(() => undefined));
      await expectRefusal("request", bus.request(registry.self, utf8Encode("q"), 20), "unknown");
    },
  },
  {
    title: "is among those alive",
    async run({ engine: { registry } }) {
      expectThat("alive() names the node itself", registry.alive().includes(registry.self));
    },
  },
  {
    title: "states traits that fit each other",
    async run({ engine: { traits, name } }) {
      expectThat("a name", name.length > 0);
      expectThat("a deduplication window", traits.producer === "none" || traits.dedupWindowMs >= 1_000);
      expectThat("what reached the disk is no phantom", traits.ack !== "fsync" || !traits.phantoms);
    },
  },
];
