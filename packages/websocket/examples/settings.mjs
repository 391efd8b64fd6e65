// What both programs read from the environment: limits to lift, and compression.

/** Number of the variable `name`, or undefined when it is not set. */
function numberOf(/** @type {string} */ name) {
  const text = process.env[name];
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`${name}: ${text} is not a whole number`);
  return value;
}

const maxMessageBytes = numberOf("MAX_MESSAGE");
const maxFragments = numberOf("MAX_FRAGMENTS");

/** MAX_MESSAGE (bytes), MAX_FRAGMENTS, DEFLATE=1. What is not set stays at its default. */
export const settings = {
  // Room for an echo of the largest message behind another one that waits for the socket.
  ...(maxMessageBytes === undefined ? {} : { maxMessageBytes, maxQueuedBytes: Math.max(2 ** 24, 4 * maxMessageBytes) }),
  ...(maxFragments === undefined ? {} : { maxFragments }),
  ...(process.env["DEFLATE"] === "1" ? { deflate: {} } : {}),
};

export const address = { host: process.env["HOST"] ?? "127.0.0.1", port: numberOf("PORT") ?? 9001 };
