// Entry `@heddle/hub`: the delivery core.

export type { Publication } from "./channel/publisher.ts";
export { drainDefaults, type DrainOptions } from "./drain.ts";
export { Hub, type NodeStates } from "./hub.ts";
export { HubError } from "./hub-error.ts";
export type { MemoryLevel, MemoryReading } from "./pressure/memory-guard.ts";
export type { AskedUser, Connected, Ended, Question } from "./nodes/people.ts";
export type { RevocationTarget } from "./nodes/revocation.ts";
export { noticeKeep } from "./notices.ts";
export { hubLimits, resolveLimits, type HubLimits, type HubOptions } from "./options.ts";
export type { Member } from "./presence/members.ts";
export type { AskResult } from "./session/ask-result.ts";
