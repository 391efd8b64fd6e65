// Guards the documents: links lead somewhere, code shown is the code in the file it names, commands exist.
import { posix } from "node:path";
import type { Finding } from "./finding.ts";
import type { Repository } from "./repository.ts";

interface Block {
  /** What follows the language on the opening fence, such as `file=examples/embed/server.ts`. */
  readonly info: string;
  readonly line: number;
  readonly text: string;
}

interface Page {
  readonly file: string;
  /** The page's lines with code blocks and inline code blanked. */
  readonly prose: readonly string[];
  readonly lines: readonly string[];
  readonly blocks: readonly Block[];
  /** What a link's `#part` may name. */
  readonly anchors: ReadonlySet<string>;
}

export function checkDocs(repository: Repository): Finding[] {
  const pages = new Map<string, Page>();
  for (const file of repository.files) if (file.endsWith(".md")) pages.set(file, readPage(file, repository.text(file)));
  const scripts = rootScripts(repository);
  return [...pages.values()].flatMap((page) => [
    ...checkLinks(repository, pages, page),
    ...checkBlocks(repository, page),
    ...checkCommands(scripts, page),
  ]);
}

/** `[text](target)`, images, and `[name]: target`. */
const links = /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\s{0,3}\[[^\]]+\]:\s*<?(\S+?)>?(?:\s|$)/g;

function checkLinks(repository: Repository, pages: ReadonlyMap<string, Page>, page: Page): Finding[] {
  const findings: Finding[] = [];
  for (const [index, line] of page.prose.entries()) {
    for (const match of line.matchAll(links)) {
      const target = match[1] ?? match[2] ?? "";
      if (/^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(target)) continue;
      const [path = "", anchor] = decodeURI(target).split("#");
      const to = path === "" ? page.file : posix.join(posix.dirname(page.file), path);
      const report = (rule: string, text: string): void => {
        findings.push({ file: page.file, line: index + 1, rule, text });
      };
      if (!exists(repository, to)) report("link", `${target} leads nowhere`);
      else if (anchor !== undefined && anchor !== "" && pages.get(to)?.anchors.has(anchor) === false) {
        report("anchor", `${to} has no heading #${anchor}`);
      }
    }
  }
  return findings;
}

function exists(repository: Repository, path: string): boolean {
  const clean = path.replace(/\/$/, "");
  return clean === "." || repository.has(clean) || repository.files.some((file) => file.startsWith(`${clean}/`));
}

function checkBlocks(repository: Repository, page: Page): Finding[] {
  const findings: Finding[] = [];
  for (const { info, line, text } of page.blocks) {
    const file = /(?:^|\s)file=(\S+)/.exec(info)?.[1];
    if (file === undefined) continue;
    if (!repository.has(file)) {
      findings.push({ file: page.file, line, rule: "code-file", text: `${file} does not exist` });
    } else if (repository.text(file).trimEnd() !== text.trimEnd()) {
      findings.push({ file: page.file, line, rule: "code-differs", text: `the code differs from ${file}` });
    }
  }
  return findings;
}

/** `npm run name`, wherever it is written; commands of a workspace are its own business. */
function checkCommands(scripts: ReadonlySet<string>, page: Page): Finding[] {
  const findings: Finding[] = [];
  for (const [index, line] of page.lines.entries()) {
    for (const [command, name = ""] of line.matchAll(/\bnpm run ([a-z][\w:-]*)[^`|\n]*/g)) {
      if (/\s(?:-w|--workspace|--prefix)\b/.test(command) || scripts.has(name)) continue;
      findings.push({
        file: page.file,
        line: index + 1,
        rule: "command",
        text: `package.json has no script "${name}"`,
      });
    }
  }
  return findings;
}

function rootScripts(repository: Repository): Set<string> {
  const manifest = JSON.parse(repository.text("package.json")) as { scripts?: Record<string, string> };
  return new Set(Object.keys(manifest.scripts ?? {}));
}

function readPage(file: string, text: string): Page {
  const lines = text.split("\n");
  const prose: string[] = [];
  const blocks: Block[] = [];
  const anchors = new Set<string>();
  let open: { fence: string; info: string; line: number; body: string[] } | undefined;
  for (const [index, line] of lines.entries()) {
    const fence = /^\s*(`{3,}|~{3,})\s*(.*)$/.exec(line);
    const [, mark = "", rest = ""] = fence ?? [];
    if (open !== undefined) {
      if (fence !== null && rest === "" && mark.startsWith(open.fence)) {
        blocks.push({ info: open.info, line: open.line, text: open.body.join("\n") });
        open = undefined;
      } else open.body.push(line);
      prose.push("");
    } else if (fence !== null) {
      open = { fence: mark, info: rest.replace(/^\S*\s*/, ""), line: index + 1, body: [] };
      prose.push("");
    } else {
      prose.push(line.replace(/(`+)(?:(?!\1).)*\1/g, ""));
      const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
      if (heading !== undefined) anchors.add(unused(anchors, slugOf(heading)));
      for (const [, id = ""] of line.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) anchors.add(id);
    }
  }
  return { file, prose, lines, blocks, anchors };
}

/** The anchor GitHub makes of a heading. */
function slugOf(heading: string): string {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");
}

function unused(taken: ReadonlySet<string>, slug: string): string {
  if (!taken.has(slug)) return slug;
  let count = 1;
  while (taken.has(`${slug}-${count}`)) count++;
  return `${slug}-${count}`;
}
