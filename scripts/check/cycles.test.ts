import { expect, it } from "vitest";
import { cyclesOf } from "./cycles.ts";

function graph(edges: Readonly<Record<string, readonly string[]>>): Map<string, Set<string>> {
  return new Map(Object.entries(edges).map(([from, to]) => [from, new Set(to)]));
}

it("finds nothing in a graph without circles", () => {
  expect(cyclesOf(graph({ a: ["b", "c"], b: ["c"], c: ["d"] }))).toEqual([]);
});

it("names the shortest way round, beginning with the first name", () => {
  expect(cyclesOf(graph({ b: ["c"], c: ["a", "d"], d: ["a"], a: ["b"] }))).toEqual([["a", "b", "c", "a"]]);
});

it("finds a node that points to itself", () => {
  expect(cyclesOf(graph({ a: ["a"], b: [] }))).toEqual([["a", "a"]]);
});

it("finds each of several circles once", () => {
  const found = cyclesOf(graph({ x: ["y"], y: ["x", "a"], a: ["b"], b: ["a"] }));
  expect(found).toEqual([
    ["a", "b", "a"],
    ["x", "y", "x"],
  ]);
});
