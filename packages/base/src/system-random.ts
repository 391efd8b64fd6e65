// One of the two files that touch the machine: its cryptographic random generator.

import type { Random } from "./random.ts";

const poolWords = 256;

/** Uniform numbers of that generator for who draws seldom, in less code than `systemRandom`, which draws in pools. */
export const systemFloats = (): Pick<Random, "float"> => ({
  float: () => (crypto.getRandomValues(new Uint32Array(1))[0] as number) / 2 ** 32,
});

/** The machine's CSPRNG (`crypto.getRandomValues`, also in insecure browser contexts), drawn in pools of 1 KiB. */
export function systemRandom(): Random {
  const pool = new Uint32Array(poolWords);
  let next = poolWords;
  const u32 = (): number => {
    if (next === poolWords) {
      crypto.getRandomValues(pool);
      next = 0;
    }
    const word = pool[next] as number;
    pool[next++] = 0; // a drawn word is nobody else's
    return word;
  };
  return {
    u32,
    float: () => u32() / 2 ** 32,
    bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  };
}
