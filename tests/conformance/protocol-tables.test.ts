// PROTOCOL.md says which codes no server of this version sends. The source is asked whether that is so.

import { readdirSync, readFileSync } from "node:fs";
import { closeCodes, errorCodes } from "@heddle/protocol";
import { describe, expect, it } from "vitest";

const packages = new URL("../../packages/", import.meta.url);
const document = readFileSync(new URL("protocol/PROTOCOL.md", packages), "utf8");
const sources = ["hub/src/", "server/src/"]
  .map((folder) => new URL(folder, packages))
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !/\.test\.ts$|testing\//.test(file))
      .map((file) => readFileSync(new URL(file, folder), "utf8")),
  )
  .join("\n");

const listed = (line: RegExp): string[] =>
  [...(line.exec(document)?.[1] ?? "").matchAll(/`(\w+)`/g)].map(([, name = ""]) => name);
const isUsed = (key: string): boolean => new RegExp(`"${key}"|closeCodes\\.${key}\\b`).test(sources);

describe("what PROTOCOL.md lists as never sent", () => {
  it("are the errors no source names", () => {
    const unused = Object.entries(errorCodes).filter(([key]) => !isUsed(key));
    expect(listed(/^- Errors never sent: (.*)$/m)).toEqual(unused.map(([, { name }]) => name));
  });

  it("are the close codes no source names", () => {
    expect(listed(/^- Close codes never sent: (.*)$/m)).toEqual(Object.keys(closeCodes).filter((key) => !isUsed(key)));
  });
});
