// A bound on waiting: whatever comes first, the thing or the end of its time.

import type { Clock } from "./clock.ts";

/**
 * What `promise` gives, or what `late` gives once `ms` have passed. The timer ends with the first. A rejection that comes
 * too late is nobody's.
 *
 * @param ms    milliseconds
 * @param late  may throw: then that is what is thrown
 */
export function within<T, Late>(clock: Clock, ms: number, promise: Promise<T>, late: () => Late): Promise<T | Late> {
  return new Promise<T | Late>((resolve, reject) => {
    const timer = clock.after(ms, () => {
      try {
        resolve(late());
      } catch (error) {
        reject(error as Error);
      }
    });
    promise.then(
      (value) => {
        timer[Symbol.dispose]();
        resolve(value);
      },
      (error: unknown) => {
        timer[Symbol.dispose]();
        reject(error as Error);
      },
    );
  });
}
