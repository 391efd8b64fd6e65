// Words that never belong in the repository: paths and addresses of one machine, and tickets of a tracker nobody else sees.
import type { Finding } from "./finding.ts";

interface Forbidden {
  readonly rule: string;
  readonly pattern: RegExp;
  readonly text: string;
}

// The patterns are written so that they do not match themselves.
const forbidden: readonly Forbidden[] = [
  {
    rule: "machine-path",
    pattern: /(?<![\w.@$}])\/(?:wor[k]|hom[e]|roo[t]|User[s])\/[\w.-]/,
    text: "a path of one machine",
  },
  { rule: "outside-path", pattern: /(?:\.\.\/)+share[d]\b|\/tm[p]\/brief/, text: "a path outside the repository" },
  {
    rule: "registry",
    pattern: /\/\/[^\s"'/]*(?:registr[y]|artifactor[y]|jfro[g]|nexu[s])[^\s"'/]*/i,
    text: "the address of a package registry",
  },
  {
    rule: "ticket",
    pattern: /\bissue[ ]#?\d+\b/i,
    text: "a ticket number without its project: write owner/project#number",
  },
];

const readable =
  /\.(?:[cm]?js|tsx?|json|md|css|html|ya?ml|sh|txt|toml|conf)$|^\.ci\/|(?:^|\/)(?:LICENSE|Dockerfile|\.npmrc|\.gitignore)$/;

export function findWords(file: string, text: () => string): Finding[] {
  if (!readable.test(file)) return [];
  const findings: Finding[] = [];
  for (const [index, line] of text().split("\n").entries()) {
    for (const { rule, pattern, text: what } of forbidden) {
      const match = pattern.exec(line);
      if (match !== null) findings.push({ file, line: index + 1, rule, text: `"${match[0]}" is ${what}` });
    }
  }
  return findings;
}
