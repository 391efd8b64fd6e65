import { describe, expect, it } from "vitest";
import { Drive } from "./testing/drive.ts";

const hourMs = 3_600_000;
const limits = { sweepMs: 1_000, sweepCount: 10 };
const whole = { last: 1_000, limit: 1_000, bytes: 1e9 };
const young = { entries: 1_000, ageMs: 60_000 };

describe("the sweep", () => {
  it("removes records that expired, step by step, and none that were written again", async () => {
    const drive = await Drive.start({ limits });
    for (let index = 0; index < 25; index++) await drive.all(drive.append("a", `p${index}`, 1));
    await drive.pass(hourMs / 2);
    await drive.all(drive.append("a", "p7", 2));
    await drive.pass(hourMs / 2);
    await drive.pass(10_000);
    expect([drive.keys("p"), drive.keys("x")]).toEqual([1, 1]);
    expect((await drive.all(drive.append("a", "p7", 2))).s).toBe("dup");
    await drive.pass(hourMs);
    await drive.pass(10_000);
    expect([drive.keys("p"), drive.keys("x")]).toEqual([0, 0]);
  });

  it("erases what a dropped channel held, and nothing of its new log", async () => {
    const drive = await Drive.start({ limits });
    await drive.fill("a", 35);
    await drive.all(drive.engine.log.drop("a"));
    await drive.all(drive.append("a", "x", 1));
    expect(drive.keys("e")).toBe(36);
    await drive.pass(5_000);
    expect([drive.keys("e"), drive.keys("p"), drive.keys("d"), drive.keys("m")]).toEqual([1, 1, 0, 1]);
    expect((await drive.all(drive.engine.log.read("a", whole))).entries).toHaveLength(1);
  });

  it("erases entries past their age in a channel nobody uses, also after a restart", async () => {
    const drive = await Drive.start({ limits });
    await drive.fill("a", 35, { keep: young });
    await drive.startAgain();
    await drive.pass(50_000);
    expect(drive.keys("e")).toBe(35);
    await drive.pass(20_000);
    expect(drive.keys("e")).toBe(0);
    const { head, floor } = await drive.all(drive.engine.log.read("a", whole));
    expect([head.offset, floor]).toEqual([35, head]);
  });

  it("forgets a channel that has held nothing for long, and not one that somebody follows", async () => {
    const drive = await Drive.start({ limits: { ...limits, emptyChannelMs: 10 * 60_000 } });
    await drive.fill("a", 3, { keep: young });
    await drive.fill("b", 3, { keep: young });
    await drive.all(drive.engine.log.attach("b", { entry: () => undefined, broken: () => undefined }));
    const [a, b] = await drive.all(drive.engine.log.heads(["a", "b"]));
    await drive.pass(9 * 60_000);
    expect(drive.keys("c")).toBe(2);
    await drive.pass(3 * 60_000);
    expect([drive.keys("c"), drive.keys("m")]).toEqual([1, 1]);
    const [newA, sameB] = await drive.all(drive.engine.log.heads(["a", "b"]));
    expect([newA?.epoch === a?.epoch, sameB]).toEqual([false, b]);
  });

  it("leaves a channel that lives alone", async () => {
    const drive = await Drive.start({ limits });
    await drive.fill("a", 20);
    const before = await drive.all(drive.engine.log.read("a", whole));
    await drive.pass(60_000);
    expect(await drive.all(drive.engine.log.read("a", whole))).toEqual(before);
  });
});
