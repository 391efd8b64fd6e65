// Drafts for the tests of this package.

import type { Draft } from "@heddle/hub/ports";

/** Publish n of producer x, behind n−1. */
export const draftBy = (x: string, n: number, over: Partial<Draft> = {}): Draft => ({
  tag: 1_000 + n,
  epochIfNone: "E",
  dedup: { by: "producer", x, n, prev: n - 1, hash: `${x} ${n}` },
  keep: { entries: 1_000, ageMs: 3_600_000 },
  id: `${x}:${n}`,
  ...{ event: "message", key: "", user: "", traceparent: "", kind: "json" as const },
  data: new TextEncoder().encode(`"${x} ${n}"`),
  ...over,
});
