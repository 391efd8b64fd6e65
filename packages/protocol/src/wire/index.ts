// Entry `@heddle/protocol`: the wire protocol's frames, codes, limits, names, positions and the JSON codec.

export * from "./client-frames.ts";
export type * from "./codec.ts";
export * from "./codes.ts";
export { frameDepthMax, isTooDeep, parseShallow } from "./depth.ts";
export * from "./features.ts";
export { jsonCodec, jsonSubprotocol } from "./json-codec.ts";
export * from "./limits.ts";
export * from "./names.ts";
export * from "./position.ts";
export * from "./server-frames.ts";
export * from "./shape.ts";
export * from "./tabs.ts";

/** Version in `hello.v`. */
export const protocolVersion = 1;
