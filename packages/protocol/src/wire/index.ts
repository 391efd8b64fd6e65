// Entry `@heddle/protocol`: the wire protocol's frames, codes, limits, names, positions and the JSON codec.

export * from "./client-frames.ts";
export type * from "./codec.ts";
export * from "./codes.ts";
export * from "./json-codec.ts";
export * from "./limits.ts";
export * from "./names.ts";
export * from "./position.ts";
export * from "./server-frames.ts";
export * from "./shape.ts";

/** WebSocket subprotocol of the JSON codec; a client that offers none gets it too. */
export const jsonSubprotocol = "heddle.v1.json";
/** Version in `hello.v`. */
export const protocolVersion = 1;
