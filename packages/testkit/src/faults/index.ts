// Entry `@heddle/testkit/faults`: a client transport that can be cut, frozen, killed and slowed. Safe in browsers.

export {
  faultTransport,
  type Death,
  type FaultStatus,
  type FaultTransport,
  type FaultTransportOptions,
} from "./fault-transport.ts";
