// The numbers of RFC 6455 §5.2 and §11.8, and which side of a connection we are.

/** Frame types (RFC 6455 §11.8). 3–7 and 11–15 are reserved. */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export type Opcode = (typeof opcodes)[keyof typeof opcodes];

/** Which side of the connection this is: servers read masked frames, clients write them (§5.1). */
export type Role = "server" | "client";

/** Largest payload of a control frame, in bytes (§5.5). */
export const controlPayloadBytesMax = 125;

/** Largest reason of a close frame, in bytes of UTF-8: what the code's two bytes leave (§5.5.1). */
export const closeReasonBytesMax = controlPayloadBytesMax - 2;
