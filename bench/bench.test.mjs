import { describe, expect, it } from "vitest";
import { Contender } from "./lib/contest.mjs";
import { runDriven } from "./lib/driven.mjs";
import { runFanout } from "./lib/fanout.mjs";
import { startHttp } from "./lib/http-contender.mjs";
import { clientText, FrameReader } from "./lib/frame-reader.mjs";
import { busyShare } from "./lib/machine.mjs";
import { median, ratios, spread } from "./lib/stats.mjs";

describe("statistics", () => {
  it("take the middle and the ends", () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([5])]).toEqual([2, 2.5, 5]);
    expect(spread([2, 9, 4])).toEqual({ least: 2, most: 9 });
    expect(() => median([])).toThrow(RangeError);
  });

  it("compare medians, and rounds one by one", () => {
    expect(ratios([1, 2, 3], [2, 2, 2])).toEqual({ ratio: 1, least: 0.5, most: 1.5 });
    expect(busyShare({ total: 100, busy: 10 }, { total: 200, busy: 60 })).toBe(0.5);
    expect(busyShare(undefined, undefined)).toBeUndefined();
  });
});

describe("the driver's frame reader", () => {
  const frame = (size) => {
    const payload = Buffer.alloc(size, "x");
    const header =
      size < 126
        ? Buffer.from([0x81, size])
        : size < 65_536
          ? Buffer.from([0x81, 126, size >> 8, size & 255])
          : Buffer.from([0x81, 127, 0, 0, 0, 0, size >>> 24, (size >> 16) & 255, (size >> 8) & 255, size & 255]);
    return Buffer.concat([header, payload]);
  };

  it.each([1, 3, 64, 1_000, 100_000])("finds the same frames in pieces of %i bytes", (pieceBytes) => {
    const sizes = [0, 5, 125, 126, 200, 65_535, 65_536, 70_000];
    const stream = Buffer.concat(sizes.map(frame));
    const found = [];
    const reader = new FrameReader((bytes, start, end, opcode) => {
      found.push([end - start, opcode]);
      expect(bytes.toString("latin1", start, end)).toBe("x".repeat(end - start));
    });
    const step = Math.max(pieceBytes, Math.ceil(stream.length / 5_000));
    for (let at = 0; at < stream.length; at += step) reader.push(stream.subarray(at, at + step));
    expect(found).toEqual(sizes.map((size) => [size, 1]));
  });

  it("writes frames a server accepts, and no longer ones than it can", () => {
    expect([...clientText("hi")]).toEqual([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
    expect(clientText("x".repeat(200)).readUInt16BE(2)).toBe(200);
    expect(() => clientText("x".repeat(70_000))).toThrow(RangeError);
  });
});

describe("a contest", { timeout: 30_000 }, () => {
  const figures = { costUs: expect.any(Number), perSecond: expect.any(Number), driverCpu: expect.any(Number) };

  it.each(["heddle", "websocket"])("measures the deliveries of %s", async (server) => {
    const cases = [
      { name: "paced", burst: 1, perSecond: 50 },
      { name: "saturated", burst: 10, turnsAhead: 4 },
    ];
    const options = { rounds: 1, seconds: 0.1, log: () => undefined };
    const { results, tables } = await runFanout([server], options, { subscribers: 20, cases });
    expect(results).toEqual(cases.map(({ name }) => expect.objectContaining({ server, case: name, ...figures })));
    expect(tables[0].rows[0][0]).toBe(server);
  });

  it.each(["stream", "poll"])("measures the deliveries of heddle by %s", async (how) => {
    const cases = [{ name: "paced", burst: 2, perSecond: 20 }];
    const options = { rounds: 1, seconds: 0.2, log: () => undefined };
    const load = { subscribers: 10, cases, warmUp: cases[0], start: (name) => startHttp(name, 10) };
    const { results } = await runFanout([how], options, load);
    expect(results).toEqual([expect.objectContaining({ server: how, case: "paced", ...figures })]);
  });

  it.each([
    ["echo", { count: 10, sizeBytes: 64 }],
    ["handshakes", { atOnce: 5 }],
  ])("measures %s", async (driver, driverArgs) => {
    const options = { rounds: 1, seconds: 0.1, log: () => undefined };
    const { results } = await runDriven(["websocket"], options, { driver, driverArgs, unit: "piece" });
    expect(results).toEqual([expect.objectContaining({ server: "websocket", case: "piece", ...figures })]);
    expect(results[0].perSecond).toBeGreaterThan(0);
  });

  it("measures the calls of heddle", async () => {
    const options = { rounds: 1, seconds: 0.1, log: () => undefined };
    const load = { driver: "calls", driverArgs: { count: 10 }, unit: "call" };
    const { results } = await runDriven(["heddle"], options, load);
    expect(results).toEqual([expect.objectContaining({ server: "heddle", case: "call", ...figures })]);
    expect(results[0].perSecond).toBeGreaterThan(0);
  });

  it("holds idle connections", async () => {
    const contender = await Contender.start("heddle", "idle", {});
    try {
      contender.driver.send({ is: "hold", count: 20 });
      await contender.driver.next("held");
      expect(await contender.rssBytes()).toBeGreaterThan(0);
    } finally {
      await contender.end();
    }
  });
});
