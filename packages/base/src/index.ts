// Entry `@heddle/base`: time, chance, limits, errors, signals and bytes. Knows no word of messaging.

export * from "./bytes.ts";
export type * from "./clock.ts";
export * from "./errors.ts";
export * from "./limits.ts";
export type * from "./random.ts";
export * from "./signal.ts";
export * from "./within.ts";
