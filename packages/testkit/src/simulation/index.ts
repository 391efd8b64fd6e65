// Entry `@heddle/testkit/simulation`: virtual time, network and processes around the real hub and client.

export type { Strike } from "./nemesis.ts";
export { faultKinds, planOf, type FaultKind, type Plan, type PlanPart } from "./plan.ts";
export { Recorder } from "./recorder.ts";
export { channelKinds, channelNames, isForbidden, kindOf, type SimPayload } from "./sim-application.ts";
export { SimClient, type SimClientEnv } from "./sim-client.ts";
export type { DiskSync, NewDisk, SimDisk } from "./sim-disk.ts";
export type { Without, WorldParts } from "./world.ts";
export { simulate, type Counts, type SeedResult } from "./simulate.ts";
export { SimNet, SimLink } from "./sim-net.ts";
export { SimPort, simBulkSender } from "./sim-port.ts";
export { SimTime, ProcessClock } from "./sim-time.ts";
export { act, presenceChannel } from "./workload.ts";
