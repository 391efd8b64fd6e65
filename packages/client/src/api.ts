// What every entry with a contract's types exports besides `createClient`.

export type { Client, ClientOptions, Entry, TypedChannel, TypedPresence } from "./client.ts";
export type { Channel, ChannelPublishOptions, ChannelStatus, Skip, SubscribeOptions } from "./channel/channel-api.ts";
export type { NoticeGap } from "./channel/channels.ts";
export type { Message, Meta } from "./channel/delivery.ts";
export type { HistoryPage, HistoryQuery } from "./channel/history.ts";
export type { ChannelPresence, Member, PresenceState } from "./channel/presence.ts";
export type { CallOptions } from "./client-core.ts";
export type { ClientState } from "./connection/connection.ts";
export type { Lifecycle } from "./connection/lifecycle.ts";
export type { Listener, Off } from "./emitter.ts";
export { HeddleError, LocalError, type LocalCode } from "./errors.ts";
export { clientLimits, type ClientLimits, type TokenRequest, type TokenSource } from "./options.ts";
export type { Published, PublishOptions } from "./outbox/outbox.ts";
export type { ClientStats } from "./stats.ts";
export type { Transport, TransportHandlers, TransportLink } from "./transport/transport.ts";
