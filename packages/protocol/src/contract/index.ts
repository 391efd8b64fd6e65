// Entry `@heddle/protocol/contract`: one description of channels, calls, questions and notices for both sides.

export { bytes, isBytesSchema, type BytesSchema } from "./bytes.ts";
export { defineContract, type Contract, type ResolvedChannel } from "./contract.ts";
export { ContractError, type ContractErrorCode } from "./contract-error.ts";
export {
  call,
  channel,
  historyDefaults,
  stream,
  volatile,
  type CallDefinition,
  type ChannelDefinition,
  type ContractSpec,
  type EventDefinition,
  type EventsOf,
  type HistoryDefinition,
  type KeyedEvent,
  type LatestBy,
  type ParamSchemas,
  type Schema,
  type SlowPolicy,
  type StreamOutput,
  type VolatileEvent,
} from "./definitions.ts";
export { days, hours, minutes, seconds } from "./durations.ts";
export type * from "./infer.ts";
export { issueLimits, validate, type StandardSchemaV1, type Validated } from "./schema.ts";
