// The sample sessions of PROTOCOL.md: read from their fenced blocks, and compared with what a server really says.

/** One line of a session. */
export type Line =
  | { readonly does: "send"; readonly text: string }
  | { readonly does: "expect"; readonly frame: unknown }
  | { readonly does: "reconnect" };

export interface SampleSession {
  /** The sentence above the block. */
  readonly title: string;
  readonly lines: readonly Line[];
}

/** @throws {SyntaxError} when a line is neither a frame nor a known action */
export function sampleSessions(markdown: string): SampleSession[] {
  const blocks = markdown.matchAll(/([^\n]+)\n+```heddle-session\n([\s\S]*?)```/g);
  return [...blocks].map(([, title = "", body = ""]) => ({ title, lines: body.trim().split("\n").map(lineOf) }));
}

export function lineOf(line: string): Line {
  const [mark, rest] = [line.slice(0, 2), line.slice(2)];
  if (line === "! reconnect") return { does: "reconnect" };
  if (mark === "> ") return { does: "send", text: rest };
  if (mark === "< ") return { does: "expect", frame: JSON.parse(rest) as unknown };
  throw new SyntaxError(`not a line of a session: ${line}`);
}

/** What the placeholders of one session stand for. */
export type Known = Map<string, unknown>;

const isPlaceholder = (value: unknown): value is string => typeof value === "string" && /^<.+>$/.test(value);

/** A line to send, with what its placeholders stand for put in. */
export function filled(text: string, known: Known): string {
  const put = (value: unknown): unknown => {
    if (isPlaceholder(value)) {
      if (!known.has(value)) throw new Error(`${value} is not known yet`);
      return known.get(value);
    }
    if (Array.isArray(value)) return value.map(put);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, put(inner)]));
  };
  return JSON.stringify(put(JSON.parse(text)));
}

/** Where `got` is not what `wanted` says, or undefined. New placeholders are noted in `known`. */
export function difference(wanted: unknown, got: unknown, known: Known, path = ""): string | undefined {
  if (wanted === "…") return got === undefined ? `${path} is missing` : undefined;
  if (isPlaceholder(wanted)) {
    if (got === undefined) return `${path} is missing`;
    if (!known.has(wanted)) known.set(wanted, got);
    return difference(known.get(wanted), got, new Map(), path);
  }
  if (typeof wanted !== "object" || wanted === null) {
    return wanted === got ? undefined : `${path} is ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`;
  }
  if (typeof got !== "object" || got === null)
    return `${path} is ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`;
  if (Array.isArray(wanted) && (!Array.isArray(got) || got.length !== wanted.length)) {
    return `${path} has ${JSON.stringify(got)}, not ${wanted.length} elements`;
  }
  for (const [key, inner] of Object.entries(wanted)) {
    const found = difference(inner, (got as Record<string, unknown>)[key], known, `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
