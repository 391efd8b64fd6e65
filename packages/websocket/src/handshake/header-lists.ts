// The grammar of the lists in handshake headers (RFC 9110 §5.6, RFC 6455 §9.1): tokens, comma lists, extensions.

const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Whether `text` is a token (RFC 9110 §5.6.2). */
export const isToken = (text: string): boolean => tokenPattern.test(text);

/** Elements of a comma list without surrounding blanks. Empty elements are allowed and skipped (RFC 9110 §5.6.1.2). */
export function listElements(value: string): string[] {
  return value
    .split(",")
    .map(trimBlanks)
    .filter((element) => element !== "");
}

/** Whether the list holds `wanted`, without regard to case. `wanted` is in lower case. */
export const listHas = (value: string | undefined, wanted: string): boolean =>
  value !== undefined && listElements(value).some((element) => element.toLowerCase() === wanted);

/** The tokens of a list, or undefined when an element is no token or comes twice (RFC 6455 §4.1). */
export function uniqueTokens(value: string): string[] | undefined {
  const tokens = listElements(value);
  return tokens.every(isToken) && new Set(tokens).size === tokens.length ? tokens : undefined;
}

/** One element of Sec-WebSocket-Extensions. A parameter without a value is `true`. Parameters may repeat. */
export interface Extension {
  readonly name: string;
  readonly parameters: readonly (readonly [name: string, value: string | true])[];
}

/** Reads Sec-WebSocket-Extensions (RFC 6455 §9.1). Undefined when it breaks the grammar. */
export function parseExtensions(value: string): Extension[] | undefined {
  const extensions: Extension[] = [];
  for (const element of splitOutsideQuotes(value, ",")) {
    if (element === "") continue;
    const [name, ...rest] = splitOutsideQuotes(element, ";");
    if (name === undefined || !isToken(name)) return undefined;
    const parameters: [string, string | true][] = [];
    for (const text of rest) {
      const parameter = parseParameter(text);
      if (parameter === undefined) return undefined;
      parameters.push(parameter);
    }
    extensions.push({ name, parameters });
  }
  return extensions.length > 0 ? extensions : undefined;
}

function parseParameter(text: string): [string, string | true] | undefined {
  const equals = text.indexOf("=");
  if (equals < 0) return isToken(text) ? [text, true] : undefined;
  const name = trimBlanks(text.slice(0, equals));
  let value = trimBlanks(text.slice(equals + 1));
  if (value.length >= 2 && value.startsWith('"') && value.endsWith('"')) {
    value = value.slice(1, -1).replace(/\\(.)/g, "$1");
  }
  // §4.3, §9.1: what stands between quotes must be a token once unescaped.
  return isToken(name) && isToken(value) ? [name, value] : undefined;
}

/** Splits at `separator`, but not inside a quoted string. */
function splitOutsideQuotes(value: string, separator: string): string[] {
  const parts: string[] = [];
  let isQuoted = false;
  let from = 0;
  for (let at = 0; at < value.length; at++) {
    const char = value[at];
    if (isQuoted && char === "\\") at++;
    else if (char === '"') isQuoted = !isQuoted;
    else if (char === separator && !isQuoted) {
      parts.push(trimBlanks(value.slice(from, at)));
      from = at + 1;
    }
  }
  parts.push(trimBlanks(value.slice(from)));
  return parts;
}

const trimBlanks = (text: string): string => text.replace(/^[ \t]+|[ \t]+$/g, "");
