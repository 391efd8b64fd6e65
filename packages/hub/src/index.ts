// Entry `@heddle/hub`: the delivery core.

export type { Publication } from "./channel/publisher.ts";
export { Hub, type AskedUser } from "./hub.ts";
export { HubError } from "./hub-error.ts";
export type { MemoryLevel, MemoryReading } from "./pressure/memory-guard.ts";
export { noticeKeep } from "./notices.ts";
export { hubLimits, resolveLimits, type HubLimits, type HubOptions } from "./options.ts";
export type { Member } from "./presence/presence.ts";
export type { AskResult } from "./session/asks.ts";
