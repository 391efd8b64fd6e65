// Entry `@heddle/testkit`: what applications test themselves with, in Node.

export * from "./checker/index.ts";
export * from "./faults/index.ts";
export {
  ExpectationError,
  recordDeliveries,
  type Deliveries,
  type Recordable,
  type RecordOptions,
} from "./kit/deliveries.ts";
export { memoryNetwork, type MemoryNetwork, type MemoryNetworkOptions, type Openable } from "./kit/memory-network.ts";
export {
  mockServer,
  type MockCall,
  type MockChannel,
  type MockOptions,
  type MockPublish,
  type MockServer,
} from "./kit/mock-server.ts";
export { recordRun, type Followable, type RecordedRun, type RecordedRunOptions } from "./kit/recorded-run.ts";
export {
  virtualTime,
  VirtualTimeError,
  type VirtualTime,
  type VirtualTimeOptions,
  type WaitOptions,
} from "./kit/virtual-time.ts";
