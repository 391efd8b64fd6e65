// Guards the walls: who imports whom, packages by their exports only, declared dependencies only, no cycles of files.
import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { cyclesOf } from "./cycles.ts";
import type { Finding } from "./finding.ts";
import { outside, zones, type Zone } from "./layer-table.ts";
import { isCode, isPackageCode, isTest, type Repository } from "./repository.ts";
import type { Import } from "./source.ts";

interface Manifest {
  readonly name?: string;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** Reads every import of the repository and reports the ones that break a wall. */
export function checkLayers(repository: Repository): Finding[] {
  const findings: Finding[] = [];
  const edges = new Map<string, Set<string>>();
  const manifests = readManifests(repository);
  for (const file of repository.files) {
    if (!isCode(file) || !(isPackageCode(file) || outside.test(file))) continue;
    const targets = new Set<string>();
    edges.set(file, targets);
    for (const found of repository.source(file).imports) {
      const report = (rule: string, text: string): void => {
        findings.push({ file, line: found.line, rule, text });
      };
      for (const target of judge(repository, manifests, file, found, report)) targets.add(target);
    }
  }
  for (const cycle of cyclesOf(edges)) {
    const [first = ""] = cycle;
    findings.push({ file: first, line: 1, rule: "file-cycle", text: `files import each other: ${cycle.join(" → ")}` });
  }
  return findings;
}

/** The zone that owns a file of a package. */
export function zoneOf(file: string): Zone | undefined {
  return zones.find((zone) => zone.files.test(file));
}

type Report = (rule: string, text: string) => void;

/** Judges one import and returns the repository's files it leads to. */
function judge(
  repository: Repository,
  manifests: ReadonlyMap<string, Manifest>,
  file: string,
  found: Import,
  report: Report,
): readonly string[] {
  const { specifier } = found;
  if (specifier.startsWith(".")) return judgeRelative(repository, file, found, report);
  if (isBuiltin(specifier)) {
    const zone = zoneOf(file);
    if (zone !== undefined && !zone.node && !isTest(file)) {
      report("node-module", `${zone.name} may not import ${specifier}: it runs outside Node as well`);
    }
    return [];
  }
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  judgeDeclared(manifests, file, name, report);
  const folder = /^@heddle\/([^/]+)$/.exec(name)?.[1];
  if (folder === undefined) return [];
  const own = packageFolder(file);
  // A test's program that runs in a process of its own comes in by the front door.
  if (own === `packages/${folder}` && !isTest(file)) {
    report("own-package", `a package imports its own files by relative path, not as ${specifier}`);
  }
  const entry = `.${specifier.slice(name.length)}`;
  const targets = sourcesOf(manifests.get(`packages/${folder}`)?.exports?.[entry]);
  if (targets.length === 0) {
    report("exports-only", `${specifier} is not among the exports of ${name}`);
    return [];
  }
  const files = targets.map((target) => posix.join("packages", folder, target));
  for (const target of files) judgeZones(file, target, found, report);
  return files;
}

function judgeRelative(
  repository: Repository,
  file: string,
  { specifier, line, isTypeOnly }: Import,
  report: Report,
): readonly string[] {
  const target = posix.join(posix.dirname(file), specifier.replace(/\?.*$/, ""));
  // Examples are not packages: the tests that drive one may read its sources.
  const isTestOfExample = file.startsWith("tests/") && target.startsWith("examples/");
  // Parsers that are part of no entry are fuzzed where they stand.
  const isFuzz = file.startsWith("tests/fuzz/") && target.startsWith("packages/");
  if (packageFolder(target) !== packageFolder(file) && !isTestOfExample && !isFuzz) {
    report("exports-only", `${specifier} leaves ${packageFolder(file) ?? "its folder"}: import packages by their name`);
    return [];
  }
  if (!repository.has(target)) {
    // Built files and folders that are made are not in the list; source must name source.
    if (isPackageCode(file)) report("import-ending", `${specifier} names no file; relative imports end in .ts`);
    return [];
  }
  judgeZones(file, target, { specifier, line, isTypeOnly }, report);
  return [target];
}

function judgeZones(file: string, target: string, found: Import, report: Report): void {
  if (isPackageCode(file) && isTest(target) && !isTest(file)) {
    report("test-code", `${found.specifier} is for tests and is not shipped`);
  }
  const from = zoneOf(file);
  const to = zoneOf(target);
  if (from === undefined || to === undefined || from === to) return;
  if (from.may.includes(to.name)) return;
  if (isTest(file) && from.testsMay?.includes(to.name) === true) return;
  if (from.mayTypes?.includes(to.name) === true) {
    if (found.isTypeOnly) return;
    report("types-only", `${from.name} may import only types from ${to.name}: write "import type"`);
    return;
  }
  report("layer", `${from.name} may not import ${to.name} (${found.specifier})`);
}

/** Code lists what it imports in its own package.json; tests and scripts use the root's development tools. */
function judgeDeclared(manifests: ReadonlyMap<string, Manifest>, file: string, name: string, report: Report): void {
  const folder = packageFolder(file);
  const own = folder === undefined ? undefined : manifests.get(folder);
  const root = manifests.get("");
  if (own?.name === name) return;
  const isDeclared = (...lists: (Readonly<Record<string, string>> | undefined)[]): boolean =>
    lists.some((list) => list?.[name] !== undefined);
  if (isDeclared(own?.dependencies, own?.peerDependencies)) return;
  const isShipped = isPackageCode(file) && !isTest(file);
  if (!isShipped && isDeclared(own?.devDependencies, root?.devDependencies)) return;
  // Workspaces are linked for everything that is not published itself.
  if (!isPackageCode(file) && name.startsWith("@heddle/")) return;
  report("undeclared", `${name} is not a dependency of ${folder ?? "the repository"}`);
}

/** `packages/x`, `examples/x`, or the top folder: what may be crossed only by a package's name. */
function packageFolder(file: string): string | undefined {
  return /^(?:packages|examples)\/[^/]+(?=\/)|^(?:tests|bench|scripts)(?=\/)/.exec(file)?.[0];
}

function readManifests(repository: Repository): Map<string, Manifest> {
  const manifests = new Map<string, Manifest>();
  for (const file of repository.files) {
    if (!/^(?:(?:packages|examples)\/[^/]+\/|bench\/)?package\.json$/.test(file)) continue;
    manifests.set(file.replace(/\/?package\.json$/, ""), JSON.parse(repository.text(file)) as Manifest);
  }
  return manifests;
}

/** The source files behind one entry of `exports`, over all its conditions. */
function sourcesOf(entry: unknown): string[] {
  if (typeof entry !== "object" || entry === null) return [];
  return Object.entries(entry).flatMap(([condition, value]) =>
    condition === "heddle-source" && typeof value === "string" ? [value] : sourcesOf(value),
  );
}
