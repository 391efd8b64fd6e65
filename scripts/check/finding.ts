// What a guard reports: where, which rule, and what to do. Errors fail the build, warnings are only shown.

export interface Finding {
  /** Path relative to the repository's root. */
  readonly file: string;
  /** 1 for the first line. */
  readonly line: number;
  /** Short name of the broken rule, the same in tests and output. */
  readonly rule: string;
  readonly text: string;
  /** Default `error`. */
  readonly level?: "error" | "warning";
}

/** One line in the form editors turn into a link. */
export function describeFinding({ file, line, rule, text, level = "error" }: Finding): string {
  return `${file}:${line}: ${level === "warning" ? "warning: " : ""}${text} [${rule}]`;
}
