// Entry `@heddle/testkit`: faults to plant into a client's transport, and the checker of what was seen.

export * from "./checker/index.ts";
export * from "./faults/index.ts";
