// Guards the small promises: no raw clocks or chance, no holes in the types, no skipped tests, no swallowed errors,
// nothing of a machine in the text. Long files and functions are warnings.
import type { Finding } from "./finding.ts";
import { isCode, isPackageCode, isTest, type Repository } from "./repository.ts";
import { isNode, walk, type Source, type SyntaxNode } from "./source.ts";
import { findWords } from "./words.ts";

/** Lines a file and a function may have before they are mentioned. */
export const comfort = { fileLinesMax: 350, functionLinesMax: 60 };

export function checkTidy(repository: Repository): Finding[] {
  const findings: Finding[] = [];
  for (const file of repository.files) {
    findings.push(...findWords(file, () => repository.text(file)));
    if (file.endsWith("package-lock.json")) findings.push(...checkLock(file, repository.text(file)));
    if (!isCode(file)) continue;
    const source = repository.source(file);
    findings.push(...checkComments(source), ...checkSyntax(source), ...checkLength(source));
  }
  return findings;
}

/** Addresses of a registry in a lock file tie it to one machine's network. */
function checkLock(file: string, text: string): Finding[] {
  const at = text.indexOf('"resolved": "http');
  if (at === -1) return [];
  const line = text.slice(0, at).split("\n").length;
  return [
    { file, line, rule: "lock-resolved", text: "the lock file names a registry: set omit-lockfile-registry-resolved" },
  ];
}

function checkComments(source: Source): Finding[] {
  const { file } = source;
  const findings: Finding[] = [];
  for (const { text, line } of source.comments) {
    if (
      /@ts-(?:ignore|nocheck)\b/.test(text) ||
      (/@ts-expect-error\b/.test(text) && !/\.types\.test\.tsx?$/.test(file))
    ) {
      findings.push({
        file,
        line,
        rule: "ts-comment",
        text: "the compiler is not silenced; type tests (*.types.test.ts) may expect errors",
      });
    }
    if (/\b(?:TODO|FIXME|XXX)\b/.test(text)) {
      findings.push({ file, line, rule: "todo", text: "finish it or say in the documents that it is not there" });
    }
  }
  if (
    (isPackageCode(file) || file.startsWith("scripts/")) &&
    !isTest(file) &&
    !/^(?:#!.*\n)?\s*\/[/*]/.test(source.text)
  ) {
    findings.push({ file, line: 1, rule: "purpose", text: "the first line says what the file knows" });
  }
  return findings;
}

function checkSyntax(source: Source): Finding[] {
  const { file } = source;
  const findings: Finding[] = [];
  const inPackage = isPackageCode(file);
  const mayUseClocks = !inPackage || /^packages\/base\/src\/system-[^/]+\.ts$/.test(file);
  walk(source.program, (node, parent) => {
    const report = (rule: string, text: string): void => {
      findings.push({ file, line: source.lineOf(node.start), rule, text });
    };
    if (node.type === "TSAnyKeyword") report("any", "any turns the checker off: use unknown and narrow it");
    if (!mayUseClocks) {
      const raw = rawSourceOfTimeOrChance(node, parent);
      if (raw !== undefined) report("raw-clock", `${raw} belongs to base/system-*: take a Clock or Random instead`);
    }
    if (inPackage && !isTest(file) && isMemberOf(node, "console") && !isExplained(source, node))
      report("console", "packages do not print: report through the caller's logger");
    if (isSwallowing(node, isTest(file)) && !isExplained(source, node))
      report("empty-catch", "an error is swallowed: handle it or say why it does not matter");
    const skipped = skippedTest(node);
    if (skipped !== undefined) report("skipped-test", `${skipped} leaves tests out`);
  });
  return findings;
}

const rawNames = new Set(["setTimeout", "setInterval", "setImmediate"]);
const rawMembers: Readonly<Record<string, readonly string[]>> = {
  Date: ["now"],
  performance: ["now", "timeOrigin"],
  Math: ["random"],
  crypto: ["getRandomValues", "randomUUID"],
};
const globalObjects = new Set(["globalThis", "window", "self", "global"]);
const randomFromCrypto = new Set([
  "randomBytes",
  "randomUUID",
  "randomInt",
  "randomFill",
  "randomFillSync",
  "getRandomValues",
  "webcrypto",
]);

/** The name of the clock or the chance that `node` reaches for, if it does. */
function rawSourceOfTimeOrChance(node: SyntaxNode, parent: SyntaxNode | undefined): string | undefined {
  if (node.type === "Identifier" && rawNames.has(nameOf(node)) && isReference(node, parent)) return nameOf(node);
  if (node.type === "NewExpression" && nameOf(node["callee"]) === "Date" && isEmptyList(node["arguments"]))
    return "new Date()";
  if (node.type === "ImportDeclaration" && node["importKind"] !== "type") {
    const from = (node["source"] as SyntaxNode)["value"];
    if (from === "node:timers" || from === "node:timers/promises" || from === "node:perf_hooks") return from;
    if (from === "node:crypto") {
      const specifiers = node["specifiers"] as SyntaxNode[];
      return specifiers.map((each) => nameOf(each["imported"])).find((name) => randomFromCrypto.has(name));
    }
  }
  if (node.type !== "MemberExpression") return undefined;
  const member = nameOf(node["property"]);
  const object = node["object"];
  if (isNode(object) && object.type === "MemberExpression" && globalObjects.has(nameOf(object["object"]))) {
    return rawMembers[nameOf(object["property"])]?.includes(member)
      ? `${nameOf(object["property"])}.${member}`
      : undefined;
  }
  if (globalObjects.has(nameOf(object)) && rawNames.has(member)) return member;
  return rawMembers[nameOf(object)]?.includes(member) ? `${nameOf(object)}.${member}` : undefined;
}

/** Not a property's name, as in `clock.setTimeout` or `{ setTimeout: … }`. */
function isReference(node: SyntaxNode, parent: SyntaxNode | undefined): boolean {
  if (parent === undefined) return true;
  if (parent.type === "MemberExpression") return parent["object"] === node;
  const isKey = parent["key"] === node && parent["value"] !== node && parent["computed"] !== true;
  return !isKey && !/^(?:TS|Import)/.test(parent.type);
}

/** `catch {}`, and `.catch(() => {})` or `.catch(() => undefined)`; a test writes those for a rejection it expects later. */
function isSwallowing(node: SyntaxNode, inTest: boolean): boolean {
  if (node.type === "CatchClause") return isEmptyBlock(node["body"]);
  if (inTest || node.type !== "CallExpression" || !isNode(node["callee"])) return false;
  if (node["callee"].type !== "MemberExpression" || nameOf(node["callee"]["property"]) !== "catch") return false;
  const [handler] = node["arguments"] as SyntaxNode[];
  if (handler?.type !== "ArrowFunctionExpression" && handler?.type !== "FunctionExpression") return false;
  return isEmptyBlock(handler["body"]) || nameOf(handler["body"]) === "undefined";
}

const testFunctions = new Set(["it", "test", "describe", "suite", "bench"]);
const leavingOut = new Set(["skip", "only", "todo", "skipIf", "runIf", "fails"]);
const shortForms = new Set(["xit", "xtest", "xdescribe", "fit", "fdescribe"]);

/** Such as `it.skip` or `describe.concurrent.only`. */
function skippedTest(node: SyntaxNode): string | undefined {
  if (node.type === "CallExpression" && shortForms.has(nameOf(node["callee"]))) return nameOf(node["callee"]);
  if (node.type !== "MemberExpression" || !leavingOut.has(nameOf(node["property"]))) return undefined;
  let object = node["object"];
  while (isNode(object) && object.type === "MemberExpression") object = object["object"];
  return testFunctions.has(nameOf(object)) ? `${nameOf(object)}.${nameOf(node["property"])}` : undefined;
}

function checkLength(source: Source): Finding[] {
  const { file } = source;
  const findings: Finding[] = [];
  const lines = source.text.trimEnd().split("\n").length;
  if (lines > comfort.fileLinesMax) {
    findings.push({
      file,
      line: 1,
      rule: "long-file",
      text: `${lines} lines, comfortable are ${comfort.fileLinesMax}`,
      level: "warning",
    });
  }
  if (isTest(file)) return findings;
  walk(source.program, (node) => {
    if (!/^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)) return;
    const line = source.lineOf(node.start);
    const length = source.lineOf(node.end) - line + 1;
    if (length <= comfort.functionLinesMax) return;
    findings.push({
      file,
      line,
      rule: "long-function",
      text: `${length} lines, comfortable are ${comfort.functionLinesMax}`,
      level: "warning",
    });
  });
  return findings;
}

function nameOf(node: unknown): string {
  return isNode(node) && typeof node["name"] === "string" ? node["name"] : "";
}

function isMemberOf(node: SyntaxNode, object: string): boolean {
  return node.type === "MemberExpression" && nameOf(node["object"]) === object;
}

function isEmptyBlock(node: unknown): boolean {
  return isNode(node) && node.type === "BlockStatement" && isEmptyList(node["body"]);
}

function isEmptyList(list: unknown): boolean {
  return Array.isArray(list) && list.length === 0;
}

/** A reason inside the node, behind it on its last line, or on the line above. */
function isExplained(source: Source, node: SyntaxNode): boolean {
  const firstLine = source.lineOf(node.start);
  const lastLine = source.lineOf(node.end);
  return source.comments.some(({ start, end, line }) => {
    const isInsideOrBehind = start >= node.start && line <= lastLine;
    return isInsideOrBehind || source.lineOf(end) === firstLine - 1;
  });
}
