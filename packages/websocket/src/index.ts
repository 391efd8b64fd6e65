// Entry `@heddle/websocket`: RFC 6455 on Node's sockets. Knows nothing of channels, sessions or JSON.

export { closeCodes, isSendableCloseCode } from "./core/close-code.ts";
export { frameHeader, packFrame, prepareBinary, prepareText, type PreparedFrame } from "./core/frame.ts";
export { deflateDefaults, type DeflateChoice, type DeflateOptions } from "./deflate/deflate-options.ts";
export type { DeflateTerms } from "./deflate/negotiation.ts";
export { opcodes, type Opcode } from "./core/opcode.ts";
export type { Refusal } from "./handshake/refusal.ts";
export { sendAll } from "./node/bulk-send.ts";
export {
  connectionDefaults,
  type ConnectionLimits,
  type ConnectionOptions,
  type PingOptions,
} from "./node/connection-options.ts";
export type { WebSocketConnection } from "./node/connection.ts";
export { dial, dialDefaults, type DialOptions } from "./node/dial.ts";
export { httpDefaults, httpServerOptions, type HttpLimits } from "./node/http-limits.ts";
export type { ConnectionState, WebSocketHandlers } from "./node/handlers.ts";
export {
  createWebSocketServer,
  serverDefaults,
  type WebSocketServer,
  type WebSocketServerOptions,
} from "./node/server.ts";
export type { HttpServer } from "./node/upgrade-listener.ts";
export { WebSocketError, type WebSocketErrorCode } from "./node/websocket-error.ts";
