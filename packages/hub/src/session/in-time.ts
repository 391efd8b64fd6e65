// Hooks of the application have a deadline: one that never settles fails what waits for it, and holds up nothing for ever.

import type { Clock } from "@heddle/base";
import { HubError } from "../hub-error.ts";
import type { HubCounters, Stoppable } from "../ports/index.ts";
import type { Requests } from "./requests.ts";
import { Stop } from "./stop.ts";

/** What a hook is run for: a connection, or what stands for one. */
export interface HookEnv {
  readonly node: {
    readonly clock: Clock;
    readonly counters: HubCounters;
    readonly limits: { readonly hookMs: number };
  };
  readonly requests: Pick<Requests, "hooked" | "hookDone">;
}

/**
 * What the hook gives. It is stopped at its deadline and when the connection ends. What it does after its deadline is
 * nobody's; one that goes on after the connection's end is still waited for, because what a client sent last counts.
 *
 * @param what  names the hook in the error
 * @throws {HubError} `failed` after `limits.hookMs`, or whatever the hook throws before
 */
export function inTime<T>(
  { node, requests }: HookEnv,
  what: string,
  run: (stop: Stoppable) => T | Promise<T>,
): T | Promise<T> {
  const stop = new Stop();
  const hook = run(stop);
  if (!(hook instanceof Promise)) return hook;
  const { clock, counters, limits } = node;
  requests.hooked(stop);
  return new Promise((resolve, reject) => {
    const timer = clock.after(limits.hookMs, () => {
      const why = `${what} took longer than ${limits.hookMs} ms`;
      counters.lateHooks++;
      requests.hookDone(stop);
      reject(new HubError("failed", why));
      stop.stop(why);
    });
    const settle =
      <Value>(settled: (value: Value) => void) =>
      (value: Value): void => {
        timer[Symbol.dispose]();
        requests.hookDone(stop);
        settled(value);
      };
    hook.then(settle(resolve), settle(reject));
  });
}
