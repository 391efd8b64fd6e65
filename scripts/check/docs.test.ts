import { expect, it } from "vitest";
import { checkDocs } from "./docs.ts";
import { planted } from "./repository.ts";

function rulesOf(text: string, more: Readonly<Record<string, string>> = {}): string[] {
  const files = {
    "package.json": `{ "scripts": { "check": "x", "test:unit": "x" } }`,
    "docs/guide.md": text,
    "docs/other.md": "# Other page\n\n## Why `so`?\n\n## Twice\n\n## Twice\n",
    "examples/embed/server.ts": "const a = 1;\n",
    ...more,
  };
  return checkDocs(planted(files)).map(({ file, line, rule }) => `${file}:${line} ${rule}`);
}

it("accepts links to files, folders, headings and the web", () => {
  const text = `[a](other.md) [b](./other.md#why-so) [c](../examples/embed/) [d](https://example.org/x) [e](#here)
![f](../package.json "title") [g](other.md#twice-1) [h](<other.md>)

[ref]: other.md

## Here
`;
  expect(rulesOf(text)).toEqual([]);
});

it("refuses a link to a file that does not exist", () => {
  expect(rulesOf("one\n[a](missing.md)")).toEqual(["docs/guide.md:2 link"]);
  expect(rulesOf("[ref]: missing.md")).toEqual(["docs/guide.md:1 link"]);
  expect(rulesOf("[a](../../outside.md)")).toEqual(["docs/guide.md:1 link"]);
});

it("refuses a link to a heading that does not exist", () => {
  expect(rulesOf("[a](other.md#nowhere)")).toEqual(["docs/guide.md:1 anchor"]);
  expect(rulesOf("[a](#nowhere)")).toEqual(["docs/guide.md:1 anchor"]);
});

it("does not read links in code", () => {
  expect(rulesOf("`[a](missing.md)`\n\n```md\n[a](missing.md)\n```\n")).toEqual([]);
});

it("accepts code that equals the file it names", () => {
  expect(rulesOf("```ts file=examples/embed/server.ts\nconst a = 1;\n```")).toEqual([]);
});

it("refuses code that differs from the file it names", () => {
  expect(rulesOf("text\n```ts file=examples/embed/server.ts\nconst a = 2;\n```")).toEqual([
    "docs/guide.md:2 code-differs",
  ]);
});

it("refuses code of a file that does not exist", () => {
  expect(rulesOf("```ts file=examples/gone.ts\nconst a = 2;\n```")).toEqual(["docs/guide.md:1 code-file"]);
});

it("refuses a command that package.json does not have", () => {
  expect(rulesOf("Run `npm run check` or `npm run test:unit -- x`.")).toEqual([]);
  expect(rulesOf("```sh\nnpm run launch\n```")).toEqual(["docs/guide.md:2 command"]);
  expect(rulesOf("`npm run launch -w examples/playground`")).toEqual([]);
});
