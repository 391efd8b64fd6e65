// Waiting for what real processes do in their own time.

const patienceMs = 30_000;
const lookEveryMs = 20;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

/** @throws {Error} when it has not become so within half a minute */
export async function until(isSo: () => boolean, wanted: string | (() => string)): Promise<void> {
  const beganMs = performance.now();
  while (!isSo()) {
    if (performance.now() - beganMs > patienceMs)
      throw new Error(`not so after ${patienceMs} ms: ${typeof wanted === "string" ? wanted : wanted()}`);
    await pause(lookEveryMs);
  }
}
