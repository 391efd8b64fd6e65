import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  clientFrameShapes,
  closeCodes,
  closeClassOf,
  errorCodes,
  serverFrameShapes,
  wireLimits,
  type Shape,
} from "./wire/index.ts";

const document = readFileSync(new URL("../PROTOCOL.md", import.meta.url), "utf8");

/** Cells of the table under a heading. */
function tableUnder(heading: string): string[][] {
  const section = document.split(`\n${heading}\n`)[1]?.split(/\n#{2,3} /)[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| "));
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const code = (cell: string | undefined): string => cell?.replace(/`/g, "") ?? "";

const keysText = (keys: Shape): string =>
  Object.entries(keys)
    .map(([key, type]) => (type.endsWith("?") ? `\`${key}?\` ${type.slice(0, -1)}` : `\`${key}\` ${type}`))
    .join(", ") || "–";

describe("PROTOCOL.md", () => {
  it.each([
    ["### Client to server", clientFrameShapes],
    ["### Server to client", serverFrameShapes],
  ])("lists under %s the frames as the code checks them", (heading, shapes) => {
    const documented = tableUnder(heading).map(([number, type, keys]) => [Number(number), code(type), keys]);
    const checked = Object.entries<{ number: number; keys: Shape }>(shapes).map(([type, { number, keys }]) => [
      number,
      type,
      keysText(keys),
    ]);
    expect(documented).toEqual(checked.sort(([a], [b]) => Number(a) - Number(b)));
  });

  it("explains every key of every frame", () => {
    const section = document.split("\n### What the keys mean\n")[1]?.split(/\n#{2,3} /)[0] ?? "";
    const explained = new Set([...section.matchAll(/`([a-z]+)`/g)].map(([, key]) => key));
    const shapes = [...Object.values(clientFrameShapes), ...Object.values(serverFrameShapes)];
    const used = new Set(shapes.flatMap(({ keys }) => Object.keys(keys)));
    expect([...used].filter((key) => !explained.has(key))).toEqual([]);
  });

  // Whether a server says so is tried in tests/conformance. A client's unknown key would be ignored there.
  it("shows sessions of frames and keys that exist", () => {
    const blocks = [...document.matchAll(/```heddle-session\n([\s\S]*?)```/g)].map(([, body = ""]) => body.trim());
    expect(blocks.length).toBeGreaterThanOrEqual(3);
    for (const line of blocks.flatMap((block) => block.split("\n"))) {
      if (line === "! reconnect") continue;
      const [, mark, json = ""] = /^([<>]) (.+)$/.exec(line) ?? [];
      const shapes: Readonly<Record<string, { keys: Shape }>> = mark === ">" ? clientFrameShapes : serverFrameShapes;
      const { t, ...keys } = JSON.parse(json) as { t: string };
      expect(Object.keys(shapes)).toContain(t);
      expect(Object.keys(shapes[t]?.keys ?? {})).toEqual(expect.arrayContaining(Object.keys(keys)));
    }
  });

  it("lists the errors as the code has them, with what their hundreds say about trying again", () => {
    const again: Record<string, string> = {
      "same-frame": "the same frame again after `ms`",
      token: "through a fresh token, once",
      never: "no",
      "after-ms": "after `ms`",
    };
    const documented = tableUnder("## Errors").map(([number, name, , retry]) => [Number(number), code(name), retry]);
    expect(documented).toEqual(
      Object.values(errorCodes).map(({ code: number, name, retry }) => [number, name, again[retry]]),
    );
  });

  it("lists the close codes with the class their range gives them", () => {
    const documented = tableUnder("## Close codes").map(([number, key, kind]) => [Number(number), code(key), kind]);
    expect(documented).toEqual(
      Object.entries(closeCodes).map(([key, { code: number, class: kind }]) => [number, key, kind]),
    );
    for (const { code: number, class: kind } of Object.values(closeCodes)) expect(closeClassOf(number)).toBe(kind);
  });

  it("lists the limits with their values", () => {
    const documented = tableUnder("## Limits").map(([name, value]) => [code(name), Number(value)]);
    expect(documented).toEqual(Object.entries(wireLimits));
  });
});
