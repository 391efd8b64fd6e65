// Entry `@heddle/client/core`: the client over any transport, clock and chance, without a contract's types.

export type { CallOptions } from "./client-core.ts";
export { createClientCore, type ClientCore } from "./whole-client.ts";
export type { Channel, ChannelPublishOptions, ChannelStatus, Skip, SubscribeOptions } from "./channel/channel-api.ts";
export type { NoticeGap } from "./channel/channels.ts";
export type { Message, Meta } from "./channel/delivery.ts";
export type { HistoryPage, HistoryQuery } from "./channel/history.ts";
export type { ChannelPresence, Member, PresenceState } from "./channel/presence.ts";
export type { ClientState } from "./connection/connection.ts";
export { browserLifecycle, type Lifecycle } from "./connection/lifecycle.ts";
export { browserDevice, type Device, type DeviceNews } from "./device/device.ts";
export { deviceTransitions, type DeviceAction, type DeviceEvent, type DeviceState } from "./device/states.ts";
export type { DeviceOptions, HiddenPolicy } from "./device/watch-device.ts";
export { connectionTransitions, type ConnectionState } from "./connection/states.ts";
export type { Listener, Off } from "./emitter.ts";
export { HeddleError, LocalError, type LocalCode } from "./errors.ts";
export { clientLimits, type ClientLimits, type CoreOptions, type TokenRequest, type TokenSource } from "./options.ts";
export type { Published, PublishOptions } from "./outbox/outbox.ts";
export type { AskHandler } from "./requests/asks.ts";
export { streamFrom, type StreamOptions } from "./requests/streams.ts";
export type { ClientStats } from "./stats.ts";
export { channelTransitions, type ChannelState } from "./channel/states.ts";
export { browserWebSocket } from "./transport/browser-websocket.ts";
export type { FrameCodec, Transport, TransportHandlers, TransportLink } from "./transport/transport.ts";
