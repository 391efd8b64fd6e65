// Entry `@heddle/hub/ports`: everything the hub needs from outside, as interfaces.

export type * from "./application.ts";
export * from "./connection.ts";
export * from "./counters.ts";
export type * from "./digest.ts";
export * from "./engine.ts";
export * from "./engine-on-parts.ts";
export * from "./entry.ts";
