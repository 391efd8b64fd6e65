import { expect, it } from "vitest";
import { countCheck, countVitest } from "./stages.mjs";

function report(counts: { passed?: number; failed?: number; pending?: number; todo?: number }): string {
  const { passed = 0, failed = 0, pending = 0, todo = 0 } = counts;
  return JSON.stringify({
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: pending,
    numTodoTests: todo,
  });
}

it("takes vitest's counts", () => {
  expect(countVitest(0, "", report({ passed: 3 }))).toMatchObject({ passed: 3, failed: 0 });
  expect(countVitest(1, "", report({ passed: 3, failed: 2 }))).toMatchObject({ passed: 3, failed: 2 });
});

it("fails when vitest fails without a failed test, writes no report, or ran nothing", () => {
  expect(countVitest(1, "", report({ passed: 3 }))).toMatchObject({ passed: 3, failed: 1 });
  expect(countVitest(0, "", undefined)).toMatchObject({ passed: 0, failed: 1 });
  expect(countVitest(0, "", report({}))).toMatchObject({ failed: 1 });
});

it("counts tests that were left out as failed", () => {
  const result = countVitest(0, "", report({ passed: 3, pending: 1, todo: 1 }));
  expect(result).toMatchObject({ passed: 3, failed: 2 });
  expect(result.output).toContain("2 tests were left out");
});

it("reads the check's last line, and fails without one", () => {
  expect(countCheck(0, "  ✓ lint\n8 passed, 0 failed\n")).toMatchObject({ passed: 8, failed: 0 });
  expect(countCheck(1, "7 passed, 1 failed\n")).toMatchObject({ passed: 7, failed: 1 });
  expect(countCheck(1, "cannot start")).toMatchObject({ passed: 0, failed: 1 });
  expect(countCheck(0, "")).toMatchObject({ failed: 1 });
});
