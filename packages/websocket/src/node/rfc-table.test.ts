// RFC6455.md is a claim per requirement: this reads it and looks each claim up.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const root = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");
const files = readdirSync(new URL("src/", root), { recursive: true, encoding: "utf8" });
const testSources = files.filter((file) => file.endsWith(".test.ts") && !file.endsWith("rfc-table.test.ts"));
/** TLS and the like are tried beside other libraries, with certificates of all tests. */
const beside = "../../tests/conformance/websocket/";
const besideSources = readdirSync(new URL(beside, root)).filter((file) => file.endsWith(".test.ts"));
const tests = [...testSources.map((file) => `src/${file}`), ...besideSources.map((file) => beside + file)]
  .map(read)
  .join("\n");

interface Row {
  readonly section: string;
  readonly role: string;
  readonly where: string;
  readonly test: string;
  readonly line: string;
}

/** The rows of the table below `## heading`. */
function rowsBelow(heading: string): Row[] {
  const [, part = ""] = read("RFC6455.md").split(`## ${heading}\n`);
  const lines = (part.split("\n## ")[0] ?? "").split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) => {
    const [section = "", , role = "", where = "", test = ""] = line.slice(1, -1).split(" |");
    return { section: section.trim(), role: role.trim(), where: where.trim(), test: test.trim(), line };
  });
}

/** How many sentences of each section of RFC 6455 have a MUST, a MUST NOT or a REQUIRED. */
const sentenceCounts: Readonly<Record<string, number>> = {
  ...{ "§2": 2, "§3": 2, "§4.1": 35, "§4.2.1": 1, "§4.2.2": 10, "§4.3": 1, "§4.4": 1 },
  ...{ "§5.1": 3, "§5.2": 9, "§5.3": 3, "§5.4": 10, "§5.5": 1, "§5.5.1": 6, "§5.5.2": 1, "§5.6": 1, "§5.8": 1 },
  ...{ "§6.1": 8, "§6.2": 5, "§7.1.2": 1, "§7.1.7": 3, "§7.2.1": 2, "§7.2.2": 1, "§7.4.1": 3, "§8.1": 1 },
  ...{ "§9": 2, "§9.1": 5, "§10.3": 1, "§10.4": 1, "§10.6": 1, "§10.7": 1, "§11.1.1": 2, "§11.1.2": 2 },
  ...{ "§11.3.1": 1, "§11.3.2": 1, "§11.3.3": 1, "§11.3.4": 1, "§11.3.5": 1 },
};

describe("the table of requirements", () => {
  it("has a row for every sentence of RFC 6455 that demands something", () => {
    const counts: Record<string, number> = {};
    for (const { section } of rowsBelow("RFC 6455")) counts[section] = (counts[section] ?? 0) + 1;
    expect(counts).toEqual(sentenceCounts);
  });

  it.each(["RFC 6455", "RFC 7692"])("names files that exist and speak of the section (%s)", (heading) => {
    const bad = rowsBelow(heading).filter(({ section, where }) => {
      const named = [...where.matchAll(/`([^`]+)`/g)].map(([, file = ""]) => file);
      const isSpokenOf = (file: string): boolean =>
        files.includes(file) && new RegExp(`${section.replaceAll(".", "\\.")}(?!\\d|\\.\\d)`).test(read(`src/${file}`));
      return where === "—" ? named.length > 0 : named.length === 0 || !named.every(isSpokenOf);
    });
    expect(bad.map(({ line }) => line)).toEqual([]);
  });

  it.each(["RFC 6455", "RFC 7692"])("names tests that exist, or why there is none (%s)", (heading) => {
    const bad = rowsBelow(heading).filter(({ role, where, test }) => {
      if (/^(?:does not bind us|left to the caller): ./.test(test)) return where !== "—" || role !== "—";
      const titles = [...test.matchAll(/"([^"]+)"/g)].map(([, title = ""]) => title);
      const isGood = titles.length > 0 && titles.every((title) => tests.includes(`"${title}"`));
      return !isGood || !["both", "client", "server"].includes(role);
    });
    expect(bad.map(({ line }) => line)).toEqual([]);
  });
});
