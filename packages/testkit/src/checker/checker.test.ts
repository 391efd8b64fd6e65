import { describe, expect, it } from "vitest";
import { HistoryBuilder } from "../testing/history-builder.ts";
import { gapCases } from "../testing/gap-cases.ts";
import type { HistoryCase } from "../testing/history-case.ts";
import { promiseCases } from "../testing/promise-cases.ts";
import { sessionCases } from "../testing/session-cases.ts";
import { streamCases } from "../testing/stream-cases.ts";
import { check, invariantNames, type InvariantName, type Violation } from "./index.ts";

const cases: readonly HistoryCase[] = [...streamCases, ...promiseCases, ...gapCases, ...sessionCases];

function verdict({ write }: HistoryCase, isBad: boolean): readonly Violation[] {
  const h = new HistoryBuilder();
  write(h, isBad);
  return check(h.history, h.facts);
}

const names = (violations: readonly Violation[]): ReadonlySet<InvariantName> =>
  new Set(violations.map(({ invariant }) => invariant));

describe.each(invariantNames)("%s", (invariant) => {
  const own = cases.filter((one) => one.invariant === invariant);

  it("has a history that breaks it", () => {
    expect(own).not.toEqual([]);
  });

  for (const one of own) {
    it(`refuses ${one.title}, and accepts the nearest good history`, () => {
      expect(verdict(one, false)).toEqual([]);
      const violations = verdict(one, true);
      expect(names(violations)).toEqual(new Set([invariant]));
      for (const { message } of violations) expect(message).not.toBe("");
    });
  }
});

describe("the checker", () => {
  it("accepts a history in which nothing happens", () => {
    expect(check([], new HistoryBuilder().facts)).toEqual([]);
  });

  it("names the events that show a violation, the last being where it became visible", () => {
    const h = new HistoryBuilder().publishedUpTo(3).sub().subscribed(0).deliver(1).deliver(3);
    const [violation] = check(h.history, h.facts);
    expect(violation?.events).toEqual(h.history.slice(-2));
    expect(violation?.message).toBe("s on room: [e,2,3] (m2) is missing between [e,1,2] and [e,3,4]");
  });

  it("reports every invariant that does not hold", () => {
    const h = new HistoryBuilder().publishedUpTo(3).sub().subscribed(0).deliver(3).deliver(1);
    expect(names(check(h.history, h.facts))).toEqual(new Set(["order", "no-silent-gap", "liveness"]));
  });

  it("throws at an answer before its question, a receipt before its subscription and a second answer", () => {
    const facts = new HistoryBuilder().facts;
    expect(() => check(new HistoryBuilder().ok(1).history, facts)).toThrow("pub-ok of p1 before its pub");
    expect(() => check(new HistoryBuilder().deliver(1).history, facts)).toThrow("deliver for s before its sub");
    expect(() => check(new HistoryBuilder().page(1).history, facts)).toThrow("history-ok of h before it was asked");
    const twice = new HistoryBuilder().published(1).fail(1, 306);
    expect(() => check(twice.history, facts)).toThrow("p1 was answered twice");
  });
});
