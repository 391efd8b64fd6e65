// Entry `@heddle/base/system`: the real clock and the real random source, for edges only.

export { systemClock } from "./system-clock.ts";
export { systemFloats, systemRandom } from "./system-random.ts";
