// Entry `@heddle/testkit/simulation`: virtual time, network and processes around the real hub and client.

export { faultKinds, planOf, type FaultKind, type Plan } from "./plan.ts";
export { simulate, type Counts, type SeedResult } from "./simulate.ts";
export { SimNet, SimLink } from "./sim-net.ts";
export { SimPort, simBulkSender } from "./sim-port.ts";
export { SimTime, ProcessClock } from "./sim-time.ts";
