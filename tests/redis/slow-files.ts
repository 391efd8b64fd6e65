// Tests that have a command of their own.

export const slowFiles = ["cluster.test.ts", "sentinel.test.ts", "playground.test.ts"];
