// Hooks of the application have a deadline: one that never settles fails what waits for it, and holds up nothing for ever.

import type { Clock } from "@heddle/base";
import { HubError } from "../hub-error.ts";
import type { HubCounters } from "../ports/index.ts";

/** What a deadline needs of a node. */
export interface HookEnv {
  readonly clock: Clock;
  readonly counters: HubCounters;
  readonly limits: { readonly hookMs: number };
}

/**
 * What the hook gives. What it does after its deadline is nobody's.
 *
 * @param what  names the hook in the error
 * @throws {HubError} `failed` after `limits.hookMs`, or whatever the hook throws before
 */
export function inTime<T>(env: HookEnv, what: string, hook: T | Promise<T>): T | Promise<T> {
  if (!(hook instanceof Promise)) return hook;
  const { clock, counters, limits } = env;
  return new Promise((resolve, reject) => {
    const timer = clock.after(limits.hookMs, () => {
      counters.lateHooks++;
      reject(new HubError("failed", `${what} took longer than ${limits.hookMs} ms`));
    });
    const settle =
      <Value>(settled: (value: Value) => void) =>
      (value: Value): void => {
        timer[Symbol.dispose]();
        settled(value);
      };
    hook.then(settle(resolve), settle(reject));
  });
}
