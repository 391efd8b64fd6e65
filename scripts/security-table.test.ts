// SECURITY.md's table against the tests and limits it speaks of.

import { readFileSync } from "node:fs";
import { wireLimits } from "@heddle/protocol";
import { serverLimits } from "@heddle/server";
import { connectionDefaults } from "@heddle/websocket";
import { describe, expect, it } from "vitest";

interface Row {
  readonly attack: string;
  readonly defence: string;
  readonly byDefault: string;
  readonly title: string;
  readonly path: string;
}

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

function rowsOf(page: string): Row[] {
  const rows: Row[] = [];
  for (const line of page.split("\n")) {
    const row = /^\| (.+?) +\| (.+?) +\| (.+?) +\| \[(.+)\]\(([^)]+)\) +\|$/.exec(line);
    if (row === null) continue;
    const [, attack = "", defence = "", byDefault = "", title = "", path = ""] = row;
    rows.push({ attack, defence, byDefault, title: title.replaceAll("\\_", "_").replaceAll("\\*", "*"), path });
  }
  return rows;
}

/** Rows whose test is not there: its title has to stand in the file as a string. */
const withoutTest = (rows: readonly Row[]): readonly string[] =>
  rows.filter(({ title, path }) => !read(path).includes(`"${title}"`)).map(({ title, path }) => `${path}: ${title}`);

const limits: Readonly<Record<string, unknown>> = { ...connectionDefaults, ...wireLimits, ...serverLimits };

/** Defaults that are not the code's: `name` number. */
function wrongDefaults(rows: readonly Row[]): readonly string[] {
  return rows.flatMap(({ attack, byDefault }) => {
    const named = /^`(\w+)` ([\d_.]+)$/.exec(byDefault);
    if (named === null) return [];
    const [, name = "", value = ""] = named;
    return limits[name] === Number(value.replaceAll("_", "")) ? [] : [`${attack}: ${name} is ${String(limits[name])}`];
  });
}

describe("the table of attacks", () => {
  const rows = rowsOf(read("SECURITY.md"));

  it("has a test for every row, under that title", () => {
    expect(withoutTest(rows)).toEqual([]);
  });

  it("names defaults that are in force", () => {
    expect(wrongDefaults(rows)).toEqual([]);
  });

  it("has all rows read, and each attack once", () => {
    const lines = read("SECURITY.md").split("\n");
    const tableLines = lines.filter((line) => line.startsWith("|") && !/^\| (?:attack +\||-)/.test(line));
    expect(rows).toHaveLength(tableLines.length);
    expect(rows.length).toBeGreaterThanOrEqual(40);
    expect(new Set(rows.map(({ attack }) => attack)).size).toBe(rows.length);
  });

  it("has a row for every attack that is carried out", () => {
    const carriedOut = [...read("tests/abuse/attacks.ts").matchAll(/^    defence:\s*"([^"]+)",$/gm)];
    const titles = new Set(rows.map(({ title }) => title));
    expect(carriedOut.length).toBeGreaterThanOrEqual(35);
    expect(carriedOut.map(([, defence = ""]) => defence).filter((defence) => !titles.has(defence))).toEqual([]);
  });
});

describe("its check", () => {
  const row = (byDefault: string, title: string): string =>
    `| a | b | ${byDefault} | [${title}](packages/auth-jwt/src/jwt.test.ts) |`;

  it("finds a row whose test does not exist", () => {
    expect(withoutTest(rowsOf(row("on", "never believes an unsigned token")))).toEqual([]);
    expect(withoutTest(rowsOf(row("on", "never believes anything")))).toHaveLength(1);
  });

  it("finds a default that is another", () => {
    expect(wrongDefaults(rowsOf(row("`userConnections` 1_000", "t")))).toEqual([]);
    expect(wrongDefaults(rowsOf(row("`userConnections` 2_000", "t")))).toEqual(["a: userConnections is 1000"]);
    expect(wrongDefaults(rowsOf(row("`noSuchLimit` 1", "t")))).toHaveLength(1);
  });
});
