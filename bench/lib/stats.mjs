// Numbers of repeated rounds: their middle and their spread.

/** The middle value; of an even number the mean of the two in the middle. @throws {RangeError} when there is none */
export function median(values) {
  if (values.length === 0) throw new RangeError("median: no values");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Least and most. */
export const spread = (values) => ({ least: Math.min(...values), most: Math.max(...values) });

/** Of each peer: the ratio of our median to theirs, and the least and most of the ratios within single rounds. */
export function ratios(ours, theirs) {
  const perRound = ours.map((value, round) => value / theirs[round]);
  return { ratio: median(ours) / median(theirs), ...spread(perRound) };
}
