import { utf8Encode } from "@heddle/base";
import { describe, expect, it } from "vitest";
import { placesOf } from "./topology.ts";
import { crc16, hashTags, KeySpace, slotOf } from "./partitions.ts";

describe("partitions", () => {
  it("have the slots that Redis computes", () => {
    expect(crc16(utf8Encode("123456789"))).toBe(0x31c3); // of the Cluster specification
    expect(slotOf("foo")).toBe(12_182); // CLUSTER KEYSLOT foo
  });

  it("lie in the middle of equal shares of slots, so that nodes carry about as many", () => {
    const slots = hashTags(256).map(slotOf);
    for (const [interval, slot] of slots.entries()) {
      expect(slot).toBeGreaterThanOrEqual(interval * 64 + 16);
      expect(slot).toBeLessThan(interval * 64 + 48);
    }
  });

  it("are chosen by the whole name, and keep kinds apart", () => {
    const space = new KeySpace("p:", 256);
    const used = new Set(Array.from({ length: 4_000 }, (_, index) => space.partitionOf(`room/${index}`)));
    expect(used.size).toBe(256);
    expect(space.key(0, "m", "a")).toMatch(/^p:\{\w+\}m:a$/);
  });
});

describe("what a Cluster says of its slots", () => {
  const asked = { host: "asked", port: 1 };
  const range = (from: number, to: number, host: string, port: number) => [
    from,
    to,
    [Buffer.from(host), port, Buffer.from("id")],
  ];

  it("gives each partition its primary, and the one that was asked where a node does not know its name", () => {
    const places = placesOf(
      [range(0, 99, "a", 1), range(100, 199, "", 2), range(200, 300, "a", 1)],
      [50, 150, 250],
      asked,
    );
    expect(places).toEqual([
      { address: { host: "a", port: 1 }, partitions: [0, 2] },
      { address: { host: "asked", port: 2 }, partitions: [1] },
    ]);
  });

  it("is refused while a partition has no node", () => {
    expect(() => placesOf([range(0, 99, "a", 1)], [50, 150], asked)).toThrow("no node for 1 of 2 partitions");
  });
});
