// Entry `@heddle/testkit/checker`: the history format and the checker of Heddle's guarantees.

export { check } from "./check.ts";
export type { Facts, FinalLog } from "./facts.ts";
export type * from "./history.ts";
export { invariantNames, type InvariantName, type Violation } from "./violation.ts";
