// Entry `@heddle/server`: a typed real-time server on Node.

export {
  dangerouslyAllowAnonymous,
  type Accepted,
  type Auth,
  type AuthEnv,
  type AuthFunction,
  type AuthScheme,
} from "./auth/auth.ts";
export type { AddressCounters, AddressLimits } from "./addresses/address-gate.ts";
export type { ProxyOptions } from "./addresses/client-address.ts";
export type { HistoryPage, HistoryQuery, StoredEvent } from "./contract/events.ts";
export type { AskOptions, ConnectionRecipient, UserAnswers, UserRecipient } from "./contract/recipients.ts";
export { forbid, refuse, Refusal } from "./contract/refusal.ts";
export type {
  ChannelMember,
  Published,
  PublishOptions,
  ServerChannel,
  SnapshotSetter,
} from "./contract/server-channel.ts";
export {
  SetupError,
  type ActorContext,
  type AuthorizeContext,
  type CallContext,
  type HookContext,
  type SetupCode,
  type SnapshotContext,
} from "./contract/setup.ts";
export { stateAt } from "./contract/snapshot.ts";
export type {
  AuthorizeFunction,
  CallFunction,
  EventHook,
  EventOf,
  SnapshotFunction,
  UserSnapshotFunction,
} from "./contract/types.ts";
export type { User } from "./contract/user.ts";
export type { Address, ListenOptions, RequestHandler } from "./http/own-server.ts";
export { stderrLogger, type Logger } from "./logger.ts";
export { serverLimits, type ServerLimits, type ServerOptions } from "./options.ts";
export { createServer, type CloseOptions, type Door, type HeddleServer, type ServerStats } from "./server.ts";
export type { Origins } from "./transport-websocket/origin.ts";
export {
  HubError,
  type Connected,
  type DrainOptions,
  type Ended,
  type NodeStates,
  type RevocationTarget,
} from "@heddle/hub";
export { memoryEngine, MemoryStore } from "@heddle/hub/memory";
export type { Engine } from "@heddle/hub/ports";
