// How deep a frame may be nested. JSON can be written a hundred thousand levels deep in a small frame: whoever walks
// through such a value by recursion runs out of stack, and whoever only parses it pays half a microsecond a level.

/** Levels of arrays and objects in a frame from a client, its own among them. */
export const frameDepthMax = 128;

/** Frames too short to be too deep are not looked through. UTF-16 units or bytes. */
const shortLength = 2 * frameDepthMax;

/** Levels that are left of text that is too deep: enough to be seen as that. */
const keptDepth = frameDepthMax + 1;

/** Whether a value read from `length` units is nested deeper than frames may be. */
export const isTooDeep = (value: unknown, length: number): boolean =>
  length > shortLength && isDeeper(value, frameDepthMax);

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

/**
 * `JSON.parse` for text of a stranger. What is nested too deep comes out as deep as `isTooDeep` needs to see it, and no
 * deeper: a level costs what a character does.
 *
 * @throws {SyntaxError} when it is no JSON; what stands deeper than is looked at may be anything
 */
export const parseShallow = (text: string): unknown => JSON.parse(cutDeep(text)) as unknown;

const [quote, backslash] = [0x22, 0x5c];
const [openList, closeList, openMap, closeMap] = [0x5b, 0x5d, 0x7b, 0x7d];

/** The text with zeros in place of what is nested deeper than `keptDepth`. */
function cutDeep(text: string): string {
  if (text.length <= shortLength || opensAtMost(text, frameDepthMax)) return text;
  let kept = "";
  let keptTo = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = stringEnd(text, at);
        break;
      case openList:
      case openMap:
        if (depth++ === keptDepth) kept += `${text.slice(keptTo, at)}0`;
        break;
      case closeList:
      case closeMap:
        if (--depth === keptDepth) keptTo = at + 1;
        break;
    }
  }
  return depth > keptDepth ? kept : kept + text.slice(keptTo);
}

/** Whether no more arrays and objects begin in it than this, those in strings included: found out at the speed of a search. */
function opensAtMost(text: string, countMax: number): boolean {
  let count = 0;
  for (const opening of ["[", "{"])
    for (let at = text.indexOf(opening); at >= 0; at = text.indexOf(opening, at + 1))
      if (++count > countMax) return false;
  return true;
}

/** Where the string that begins at `from` ends; the text's end when it does not. */
function stringEnd(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let escapeCount = 0;
    while (text.charCodeAt(at - 1 - escapeCount) === backslash) escapeCount++;
    if (escapeCount % 2 === 0) return at;
  }
  return text.length;
}
