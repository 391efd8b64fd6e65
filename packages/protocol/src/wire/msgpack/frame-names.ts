// What a frame's number is called in JSON.

/**
 * Numbers to types for one direction. A number nobody knows gets a name nobody knows, so that the rule for unknown frames
 * holds: from 128 on it begins with `!`, which is critical.
 */
export function frameNames(shapes: Readonly<Record<string, { readonly number: number }>>): (number: number) => string {
  const names = new Map(Object.entries(shapes).map(([name, { number }]) => [number, name]));
  return (number) => names.get(number) ?? (number >= firstCriticalNumber ? `!${number}` : String(number));
}

/** Unknown frames from this number on end the connection. */
const firstCriticalNumber = 128;
