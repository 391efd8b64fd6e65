// The checker: one history and its facts in, every violation out. Each invariant is a file of its own.

import { evidenceOf, type Invariant } from "./evidence.ts";
import type { Facts } from "./facts.ts";
import type { History } from "./history.ts";
import { ackTruth } from "./invariants/ack-truth.ts";
import { auth } from "./invariants/auth.ts";
import { codes } from "./invariants/codes.ts";
import { fifo } from "./invariants/fifo.ts";
import { gapPrecision } from "./invariants/gap-precision.ts";
import { identity } from "./invariants/identity.ts";
import { liveness } from "./invariants/liveness.ts";
import { memory } from "./invariants/memory.ts";
import { noDup } from "./invariants/no-dup.ts";
import { noSilentGap } from "./invariants/no-silent-gap.ts";
import { order } from "./invariants/order.ts";
import { phantomExplained } from "./invariants/phantom-explained.ts";
import { presence } from "./invariants/presence.ts";
import { resource } from "./invariants/resource.ts";
import { ryw } from "./invariants/ryw.ts";
import { invariantNames, type InvariantName, type Violation } from "./violation.ts";

const invariants: Readonly<Record<InvariantName, Invariant>> = {
  order,
  identity,
  "no-silent-gap": noSilentGap,
  "no-dup": noDup,
  "ack-truth": ackTruth,
  "phantom-explained": phantomExplained,
  fifo,
  ryw,
  liveness,
  "gap-precision": gapPrecision,
  presence,
  memory,
  auth,
  codes,
  resource,
};

/** Every violation of every invariant, in the invariants' order. Pure. @throws when the history itself is malformed */
export function check(history: History, facts: Facts): readonly Violation[] {
  const evidence = evidenceOf(history, facts);
  return invariantNames.flatMap((invariant) =>
    invariants[invariant](evidence).map((finding) => ({ invariant, ...finding })),
  );
}
