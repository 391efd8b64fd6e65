// A primary comes back without its newest entries and takes others at the same offsets, in the same epoch, with the same top. By
// epoch and offset alone everything looks recovered; the tags tell.

import { RedisServer, TcpProxy } from "@heddle/testkit/process";
import { describe, expect, it } from "vitest";
import { eventually, Node, openEngine } from "./support/world.ts";

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe("a log that forked", () => {
  it("is told to whoever saw what is gone, connected or away, and to nobody else", async () => {
    await using server = await RedisServer.start();
    await using node = await Node.start({ url: server.url });
    await using early = await TcpProxy.open({ port: node.port });
    await using late = await TcpProxy.open({ port: node.port });
    const publish = async (from: number, to: number): Promise<void> => {
      for (const n of numbers(from, to)) await node.server.channel("room").publish({ name: "a" }, "message", { n });
    };
    const there = await node.reader("a");
    const [leftEarly, leftLate] = [await node.reader("a", early.port), await node.reader("a", late.port)];
    const away = async (proxy: TcpProxy, reader: typeof there, n: number): Promise<void> => {
      await eventually(`${n} is read`, () => reader.numbers.at(-1) === n);
      for (const way of ["up", "down"] as const) proxy.setWeather(way, { isBlackhole: true });
      proxy.cut();
    };

    await publish(1, 90);
    await away(early, leftEarly, 90);
    await publish(91, 100);
    await server.command("save");
    await publish(101, 105);
    await away(late, leftLate, 105);
    await eventually("the last one is read", () => there.numbers.at(-1) === 105);
    await using engine = await openEngine({ url: server.url });
    const before = await engine.log.read("room/a", { last: 200, limit: 200, bytes: 1e7 });

    await server.restart();
    await eventually("the store is back", () =>
      engine.log.heads(["room/a"]).then(
        () => true,
        () => false,
      ),
    );
    await publish(201, 206);
    await eventually("who is there is told", () => there.gaps.length > 0);
    const after = await engine.log.read("room/a", { last: 200, limit: 200, bytes: 1e7 });
    const [seen, kept] = [before.head, before.entries[89]?.pos];
    if (kept === undefined) throw new Error("no entry 90");
    expect(after.head).toMatchObject({ epoch: seen.epoch, offset: 106 });
    expect((await engine.log.read("room/a", { after: seen, limit: 9, bytes: 1e6 })).proof).toBe("diverged");
    expect((await engine.log.read("room/a", { after: kept, limit: 1, bytes: 1e6 })).proof).toBe("linked");

    for (const [proxy, reader] of [
      [early, leftEarly],
      [late, leftLate],
    ] as const) {
      proxy.calm();
      reader.client.probe();
    }
    await eventually("who left early has read on", () => leftEarly.numbers.at(-1) === 206);
    await eventually("who left late is told", () => leftLate.gaps.length > 0);
    expect(leftEarly).toMatchObject({ numbers: [...numbers(1, 100), ...numbers(201, 206)], gaps: [] });
    expect(there.gaps).toEqual(["fork"]);
    expect(leftLate).toMatchObject({ numbers: numbers(1, 105), gaps: ["fork"] });
    await publish(207, 207);
    await eventually("all go on", () => [there, leftEarly, leftLate].every((reader) => reader.numbers.at(-1) === 207));
  });
});
