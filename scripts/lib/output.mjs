// What the repository's commands print: step lines with durations, and npm's output without its noise.

/** A mistake a person can fix: shown as one sentence, without a stack. */
export class Plain extends Error {}

/**
 * Runs `work` and prints one line with its duration when it is done; on a terminal it says first what is going on.
 *
 * @template T
 * @param {string} title what is done, in a few words
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(title, work) {
  const startedAtMs = performance.now();
  const isTerminal = process.stdout.isTTY;
  if (isTerminal) process.stdout.write(`  … ${title}`);
  try {
    const result = await work();
    process.stdout.write(
      `${isTerminal ? "\r\u001b[K" : ""}  ✓ ${title} (${seconds(performance.now() - startedAtMs)})\n`,
    );
    return result;
  } catch (cause) {
    process.stdout.write(
      `${isTerminal ? "\r\u001b[K" : ""}  ✗ ${title} (${seconds(performance.now() - startedAtMs)})\n`,
    );
    throw cause;
  }
}

/**
 * @param {number} ms milliseconds
 * @returns {string} seconds with one decimal, such as `1.4 s`
 */
export function seconds(ms) {
  return `${(ms / 1_000).toFixed(1)} s`;
}

// npm speaks about the machine's own configuration, funding, deprecations deep in the tree and its next release. None of
// it can be acted on here; what starts with "npm error" always passes.
const noise = [
  /^npm warn (?:Unknown|invalid) (?:user|env|builtin|global|project|cli) config/i,
  /^npm warn (?:install-scripts|allow-scripts)\b/i,
  /^npm warn deprecated /i,
  /^npm notice\b/i,
  /^(?:added|removed|changed|up to date|audited)\b.*\b(?:packages?|in \d)/,
  /^\s*$/,
];

/**
 * Takes npm's noise out of `output`.
 *
 * @param {string} output what npm printed
 * @returns {string} the lines worth reading, joined; empty when there are none
 */
export function withoutNoise(output) {
  return output
    .split(/\r?\n/)
    .filter((line) => !noise.some((pattern) => pattern.test(line)))
    .join("\n");
}

/**
 * Prints why a command failed and leaves with exit code 1. A {@link Plain} error is one sentence; anything else is a bug
 * and shows its stack.
 *
 * @param {unknown} cause
 * @returns {never}
 */
export function fail(cause) {
  if (cause instanceof Plain) console.error(`\n${cause.message}`);
  else console.error(cause);
  process.exit(1);
}
