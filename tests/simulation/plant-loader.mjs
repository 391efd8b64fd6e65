// Edits one module's source as it loads. A text that is not there exactly once ends the process: nothing was planted.

/** @type {{ file: string, find: string, replace: string }} */
let plant;

/** @param {typeof plant} data */
export function initialize(data) {
  plant = data;
}

/**
 * @param {string} url
 * @param {object} context
 * @param {(url: string, context: object) => Promise<{ source?: string | ArrayBuffer | NodeJS.TypedArray }>} next
 */
export async function load(url, context, next) {
  const loaded = await next(url, context);
  if (!url.endsWith(`/${plant.file}`)) return loaded;
  const parts = String(Buffer.from(/** @type {Uint8Array} */ (loaded.source))).split(plant.find);
  if (parts.length !== 2)
    throw new Error(`${plant.file}: the text to edit is there ${parts.length - 1} times, not once`);
  return { ...loaded, source: parts.join(plant.replace) };
}
