// The port through which everything in Heddle draws chance. The real source lives in system-random.ts alone.

/** A source of chance. The production source is a CSPRNG; the simulation's is seeded. */
export interface Random {
  /** A uniform integer in 0…2^32−1. */
  u32(): number;
  /** A uniform number in [0, 1). */
  float(): number;
  /** `count` fresh random bytes; the caller owns them. */
  bytes(count: number): Uint8Array;
}
