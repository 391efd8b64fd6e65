// What every entry with a contract's types exports besides `createClient`, its types and parts.

export type { ClientOptions } from "./client.ts";
export type {
  BareChannel,
  Channel,
  ChannelPublishOptions,
  ChannelStatus,
  Skip,
  SubscribeOptions,
} from "./channel/channel-api.ts";
export type { NoticeGap } from "./channel/channels.ts";
export type { Message, Meta } from "./channel/delivery.ts";
export type { HistoryPage, HistoryQuery } from "./channel/history.ts";
export type { ChannelPresence, Member, PresenceState } from "./channel/presence.ts";
export type { BareClient, CallOptions } from "./client-core.ts";
export type { ClientState } from "./connection/connection.ts";
export type { Lifecycle } from "./connection/lifecycle.ts";
export type { Device, DeviceNews } from "./device/device.ts";
export type { DeviceOptions, HiddenPolicy } from "./device/watch-device.ts";
export type { Listener, Off } from "./emitter.ts";
export { HeddleError, LocalError, type LocalCode } from "./errors.ts";
export { clientLimits, type ClientLimits, type TokenRequest, type TokenSource } from "./options.ts";
export type { Published, PublishOptions } from "./outbox/outbox.ts";
export type { InputOptions } from "./requests/inputs.ts";
export type { Iterated } from "./requests/outflow.ts";
export type { StreamOptions } from "./requests/streams.ts";
export type { ClientStats } from "./stats.ts";
export { streamInto, streamOf, streamThrough } from "./stream-of.ts";
export { makeBeforeBreak, type MoveOptions } from "./transport/make-before-break.ts";
export { watchFrames, type FrameListener } from "./transport/watch-frames.ts";
export type { TransportName, TransportOptions } from "./transport/any-transport.ts";
export type { TransportMemory } from "./transport/ladder.ts";
export type { FrameCodec, Transport, TransportHandlers, TransportLink } from "./transport/transport.ts";
export type { Entry, TypedPresence } from "./typed-channel.ts";
