// Reads one source file: its imports, comments and syntax tree. Judges nothing.
import { parseSync } from "vite";

/** A node of the ESTree-like syntax tree; only what the guards need is typed. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

export interface Comment {
  readonly text: string;
  readonly line: number;
  readonly start: number;
  readonly end: number;
}

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /**
   * True when nothing is left at run time: `import type`, `export type`, `typeof import()`. An import whose names are
   * each marked `type` still loads the module under `verbatimModuleSyntax`.
   */
  readonly isTypeOnly: boolean;
}

export interface Source {
  /** Path relative to the repository's root. */
  readonly file: string;
  readonly text: string;
  readonly program: SyntaxNode;
  readonly comments: readonly Comment[];
  readonly imports: readonly Import[];
  /** 1 for the first line. */
  lineOf(position: number): number;
}

/**
 * @param file  decides the dialect by its ending
 * @throws {SyntaxError} naming the file
 */
export function readSource(file: string, text: string): Source {
  const lang = file.endsWith(".tsx") ? "tsx" : file.endsWith(".ts") ? "ts" : "js";
  const parsed = parseSync(file, text, { lang, sourceType: "module" });
  const [broken] = parsed.errors;
  if (broken !== undefined) throw new SyntaxError(`${file}: ${broken.message}`);
  const starts = lineStarts(text);
  const lineOf = (position: number): number => countUpTo(starts, position);
  const program = parsed.program as unknown as SyntaxNode;
  return {
    file,
    text,
    program,
    comments: parsed.comments.map(({ value, start, end }) => ({ text: value, line: lineOf(start), start, end })),
    imports: importsOf(program, lineOf),
    lineOf,
  };
}

/** Calls `visit` for every node below `node` and itself, parents first. */
export function walk(node: SyntaxNode, visit: (node: SyntaxNode, parent: SyntaxNode | undefined) => void): void {
  const pending: [SyntaxNode, SyntaxNode | undefined][] = [[node, undefined]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [current, parent] = next;
    visit(current, parent);
    const children = Object.values(current).flat().filter(isNode);
    for (const child of children.reverse()) pending.push([child, current]);
  }
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";
}

function importsOf(program: SyntaxNode, lineOf: (position: number) => number): Import[] {
  const found: Import[] = [];
  walk(program, (node) => {
    const { source } = node;
    if (!isNode(source) || typeof source["value"] !== "string") return;
    const isTypeOnly = node.type === "TSImportType" || node["importKind"] === "type" || node["exportKind"] === "type";
    found.push({ specifier: source["value"], line: lineOf(node.start), isTypeOnly });
  });
  return found;
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let index = text.indexOf("\n"); index !== -1; index = text.indexOf("\n", index + 1)) starts.push(index + 1);
  return starts;
}

function countUpTo(starts: readonly number[], position: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? Infinity) <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
