import { describe, expect, it } from "vitest";
import { Members, type Entry } from "./members.ts";

const entry = (x: string, ver: number, over: Partial<Entry> = {}): Entry => ({
  ...{ x, ver, key: x, at: ver, bytes: 10 },
  ...over,
});

function watched(): { members: Members; told: string[] } {
  const told: string[] = [];
  const members = new Members((key) => told.push(`${members.get(key) === undefined ? "-" : "+"}${key}`));
  return { members, told };
}

describe("the maps of several nodes", () => {
  it("come to each session once, as its highest version says", () => {
    const { members } = watched();
    members.set("n1", entry("a", 1, { d: "old" }));
    members.set("n2", entry("a", 2, { d: "new" }));
    members.set("n3", entry("b", 1));
    expect(members.count).toBe(2);
    expect(members.get("a")?.d).toBe("new");
    members.set("n1", entry("a", 1, { d: "still old" }));
    expect(members.get("a")?.d).toBe("new");
  });

  it("keep a session that another node gave up, without anybody seeing it gone", () => {
    const { members, told } = watched();
    members.set("n1", entry("a", 1));
    members.set("n2", entry("a", 2));
    members.delete("n1", "a");
    expect(told).toEqual(["+a"]);
    members.delete("n2", "a");
    expect(told).toEqual(["+a", "-a"]);
  });

  it("have no session that left by its own word, whoever still has an older entry, until it enters again", () => {
    const { members, told } = watched();
    members.set("n1", entry("a", 1));
    members.set("n2", entry("a", 2));
    members.leave("a", 3);
    expect(members.count).toBe(0);
    members.set("n3", entry("a", 3));
    expect(members.count).toBe(0);
    members.set("n3", entry("a", 4));
    expect(told).toEqual(["+a", "-a", "+a"]);
  });

  it("are one version older again when a leave is forgotten, and only the latest one is", () => {
    const { members } = watched();
    members.set("n1", entry("a", 1));
    members.leave("a", 2);
    members.leave("a", 3);
    members.forgetLeave(["a", 2]);
    expect(members.count).toBe(0);
    members.forgetLeave(["a", 3]);
    expect(members.count).toBe(1);
  });

  it("lose everything a node said when it is dropped, and nothing that others say", () => {
    const { members } = watched();
    for (const x of ["a", "b"]) members.set("n1", entry(x, 1));
    members.set("n2", entry("b", 1));
    members.drop("n1");
    expect(members.all().map(({ x }) => x)).toEqual(["b"]);
  });

  it("tell nothing when a session only came back, and something when its data changed", () => {
    const { members, told } = watched();
    members.set("n1", entry("a", 1, { d: { name: "Ada" } }));
    members.set("n2", entry("a", 2, { d: { name: "Ada" } }));
    expect(told).toEqual(["+a"]);
    members.set("n2", entry("a", 3, { d: { name: "Bob" } }));
    expect(told).toEqual(["+a", "+a"]);
  });
});

describe("sessions that count as one member", () => {
  const ofAda = (x: string, ver: number, at: number): Entry => entry(x, ver, { key: "ada", at, d: x });

  it("come with the first and leave with the last of them, over all nodes", () => {
    const { members, told } = watched();
    members.set("n1", ofAda("phone", 1, 1));
    members.set("n2", ofAda("laptop", 1, 2));
    expect([members.count, members.get("ada")?.d]).toEqual([1, "laptop"]);
    members.leave("laptop", 2);
    expect([members.count, members.get("ada")?.d]).toEqual([1, "phone"]);
    members.leave("phone", 2);
    expect(told).toEqual(["+ada", "+ada", "+ada", "-ada"]);
  });

  it("are spoken for by the one that spoke last", () => {
    const { members } = watched();
    members.set("n1", ofAda("phone", 9, 1));
    members.set("n1", ofAda("laptop", 1, 2));
    expect(members.get("ada")?.d).toBe("laptop");
    members.set("n1", ofAda("phone", 10, 3));
    expect(members.get("ada")?.d).toBe("phone");
  });

  it("move from one member to another in one step", () => {
    const { members, told } = watched();
    members.set("n1", entry("a", 1, { key: "ada" }));
    members.set("n1", entry("a", 2, { key: "bob" }));
    expect(told).toEqual(["+ada", "-ada", "+bob"]);
    expect(members.all().map(({ x }) => x)).toEqual(["bob"]);
  });
});

describe("members in the order of their keys", () => {
  it("stay in order and continue behind any key, also one that is gone", () => {
    const { members } = watched();
    for (const x of ["c", "a", "d", "b"]) members.set("n1", entry(x, 1));
    expect(members.keysAfter(undefined)).toEqual(["a", "b", "c", "d"]);
    expect(members.keysAfter("b")).toEqual(["c", "d"]);
    members.delete("n1", "b");
    expect(members.keysAfter("b")).toEqual(["c", "d"]);
    members.set("n1", entry("bb", 1));
    expect(members.keysAfter("b")).toEqual(["bb", "c", "d"]);
    expect(members.keysAfter("d")).toEqual([]);
  });

  it("know the size of all of them, and are sampled from those that came first", () => {
    const { members } = watched();
    for (const x of ["c", "a", "d"]) members.set("n1", entry(x, 1));
    members.set("n1", entry("c", 2, { bytes: 25 }));
    expect(members.bytes).toBe(45);
    members.delete("n1", "a");
    expect(members.bytes).toBe(35);
    expect(members.sample(1).map(({ x }) => x)).toEqual(["c"]);
  });
});
