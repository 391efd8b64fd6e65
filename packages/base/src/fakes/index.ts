// Entry `@heddle/base/fakes`: time and chance under a test's control.

export { FakeClock } from "./fake-clock.ts";
export { SeededRandom } from "./seeded-random.ts";
