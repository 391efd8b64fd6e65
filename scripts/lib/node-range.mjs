// Which versions of Node the repository runs on. package.json states the same range in `engines`; a test compares them.

/** As in package.json: the oldest supported release of each line. */
export const nodeRange = "^20.19 || >=22.12";

/**
 * @param {string} version such as `20.20.2`
 * @returns {string | undefined} one sentence when this version is outside the range
 */
export function complainAboutNode(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isOld20 = major === 20 && minor >= 19;
  const isNew = major > 22 || (major === 22 && minor >= 12);
  if (isOld20 || isNew) return undefined;
  return `Heddle needs Node.js ${nodeRange}, this is ${version}: install a newer one from https://nodejs.org and try again.`;
}
