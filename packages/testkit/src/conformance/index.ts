// Entry `@heddle/testkit/conformance`: what every engine must do, as a list of checks any test runner can run.

export {
  engineConformance,
  type Ability,
  type ConformanceCase,
  type EngineSubject,
  type OpenedEngine,
} from "./engine-conformance.ts";
export { ConformanceError } from "./expect.ts";
