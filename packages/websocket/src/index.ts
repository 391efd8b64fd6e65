// Entry `@heddle/websocket`: RFC 6455 on Node's sockets. Knows nothing of channels, sessions or JSON.

export { closeCodes, isSendableCloseCode } from "./core/close-code.ts";
export { frameHeader, packFrame, prepareBinary, prepareText, type PreparedFrame } from "./core/frame.ts";
export { opcodes, type Opcode } from "./core/opcode.ts";
export type { Refusal } from "./handshake/server-handshake.ts";
export { sendAll } from "./node/bulk-send.ts";
export { connectionDefaults, type ConnectionOptions } from "./node/connection-options.ts";
export type { WebSocketConnection } from "./node/connection.ts";
export { dial, dialDefaults, type DialOptions } from "./node/dial.ts";
export type { ConnectionState, WebSocketHandlers } from "./node/handlers.ts";
export {
  createWebSocketServer,
  serverDefaults,
  type WebSocketServer,
  type WebSocketServerOptions,
} from "./node/server.ts";
export { WebSocketError, type WebSocketErrorCode } from "./node/websocket-error.ts";
