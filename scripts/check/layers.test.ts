import { describe, expect, it } from "vitest";
import { checkLayers, zoneOf } from "./layers.ts";
import { zones } from "./layer-table.ts";
import { planted } from "./repository.ts";

/** A small house: every package with the entries the tests need, one file behind each. */
function house(files: Readonly<Record<string, string>>): string[] {
  const manifest = (name: string, exports: Record<string, unknown>, dependencies: readonly string[]): string =>
    JSON.stringify({
      name: `@heddle/${name}`,
      exports,
      dependencies: Object.fromEntries(dependencies.map((each) => [each, "1.0.0"])),
    });
  const at = (source: string): Record<string, string> => ({ "heddle-source": source, default: "./dist/x.js" });
  const all = ["base", "protocol", "hub", "client", "server", "websocket"].map((each) => `@heddle/${each}`);
  const repository = planted({
    "package.json": JSON.stringify({ name: "root", devDependencies: { zod: "4.0.0", vitest: "4.0.0" } }),
    "packages/base/package.json": manifest("base", { ".": at("./src/index.ts") }, []),
    "packages/base/src/index.ts": "export const one = 1;",
    "packages/protocol/package.json": manifest(
      "protocol",
      { ".": at("./src/wire/index.ts"), "./contract": at("./src/contract/index.ts") },
      ["@heddle/base"],
    ),
    "packages/protocol/src/wire/index.ts": "export const frame = 1;",
    "packages/protocol/src/wire/names.ts": "export const name = 1;",
    "packages/protocol/src/wire/codec.ts": "export const codec = 1;",
    "packages/protocol/src/contract/index.ts": "export const contract = 1;",
    "packages/hub/package.json": manifest(
      "hub",
      { ".": at("./src/index.ts"), "./ports": at("./src/ports/index.ts"), "./memory": at("./src/memory/index.ts") },
      all,
    ),
    "packages/hub/src/index.ts": "export const hub = 1;",
    "packages/hub/src/ports/index.ts": "export const port = 1;",
    "packages/hub/src/memory/index.ts": "export const memory = 1;",
    "packages/hub/src/session/session.ts": "export const session = 1;",
    "packages/client/package.json": manifest(
      "client",
      { ".": { node: at("./src/node.ts"), browser: at("./src/index.ts") } },
      all,
    ),
    "packages/client/src/index.ts": "export const client = 1;",
    "packages/client/src/node.ts": "export const client = 1;",
    "packages/server/package.json": manifest("server", { ".": at("./src/index.ts") }, [...all, "jose"]),
    "packages/server/src/index.ts": "export const server = 1;",
    "packages/websocket/package.json": manifest("websocket", { ".": at("./src/index.ts") }, ["@heddle/base"]),
    "packages/websocket/src/index.ts": "export const websocket = 1;",
    "packages/websocket/src/node/dial.ts": "export const dial = 1;",
    ...files,
  });
  return checkLayers(repository).map(({ file, rule }) => `${file} ${rule}`);
}

describe("layers", () => {
  it("accepts the house when every import goes to what stands above", () => {
    const found = house({
      "packages/hub/src/session/run.ts": `
        import { one } from "@heddle/base"; import { frame } from "@heddle/protocol"; import { port } from "../ports/index.ts";`,
      "packages/client/src/typed.ts": `import type { contract } from "@heddle/protocol/contract";`,
      "packages/client/src/node-dial.ts": `import { websocket } from "@heddle/websocket"; import net from "node:net";`,
      "packages/server/src/auth.ts": `import { jose } from "jose"; import { memory } from "@heddle/hub/memory";`,
      "tests/conformance/a.test.ts": `import { hub } from "@heddle/hub"; import { z } from "zod"; import "./b.ts";`,
      "tests/conformance/b.ts": `import net from "node:net"; import type { c } from "../../examples/embed/c.ts";`,
      "examples/embed/c.ts": "export const c = 1;",
    });
    expect(found).toEqual([]);
  });

  it("refuses an import of what stands below, static, dynamic, re-exported or as a type", () => {
    const found = house({
      "packages/base/src/a.ts": `import type { frame } from "@heddle/protocol";`,
      "packages/base/package.json": JSON.stringify({ name: "@heddle/base", dependencies: { "@heddle/protocol": "1" } }),
      "packages/hub/src/session/b.ts": `export { memory } from "../memory/index.ts";`,
      "packages/hub/src/ports/c.ts": `const late = import("../session/session.ts");`,
      "packages/hub/src/memory/d.ts": `type T = typeof import("../session/session.ts");`,
      "packages/client/src/e.ts": `export * from "@heddle/hub";`,
      "packages/websocket/src/core/f.ts": `import { dial } from "../node/dial.ts";`,
      "packages/protocol/src/contract/g.ts": `import { codec } from "../wire/codec.ts";`,
      "packages/server/src/transport-websocket/h.ts": `import { hub } from "@heddle/hub";`,
    });
    expect(found).toEqual([
      "packages/base/src/a.ts layer",
      "packages/client/src/e.ts layer",
      "packages/hub/src/memory/d.ts layer",
      "packages/hub/src/ports/c.ts layer",
      "packages/hub/src/session/b.ts layer",
      "packages/protocol/src/contract/g.ts types-only",
      "packages/server/src/transport-websocket/h.ts layer",
      "packages/websocket/src/core/f.ts layer",
    ]);
  });

  it("lets the contract use the wire's names, codes and limits alone", () => {
    expect(house({ "packages/protocol/src/contract/resolve.ts": `import { name } from "../wire/names.ts";` })).toEqual(
      [],
    );
  });

  it("refuses values from the contract in the client, even beside marked types", () => {
    const found = house({
      "packages/client/src/a.ts": `import { contract } from "@heddle/protocol/contract";`,
      "packages/client/src/b.ts": `import { type contract } from "@heddle/protocol/contract";`,
      "packages/client/src/c.ts": `export type { contract } from "@heddle/protocol/contract";`,
      "packages/client/src/d.test.ts": `import { contract } from "@heddle/protocol/contract";`,
    });
    expect(found).toEqual(["packages/client/src/a.ts types-only", "packages/client/src/b.ts types-only"]);
  });

  it("refuses node modules where code runs in browsers too, but not in its tests", () => {
    const found = house({
      "packages/hub/src/session/a.ts": `import { readFileSync } from "node:fs";`,
      "packages/client/src/b.ts": `import fs from "fs";`,
      "packages/websocket/src/core/c.ts": `import net from "node:net";`,
      "packages/hub/src/session/a.test.ts": `import { readFileSync } from "node:fs";`,
      "packages/websocket/src/node/d.ts": `import net from "node:net";`,
    });
    expect(found).toEqual([
      "packages/client/src/b.ts node-module",
      "packages/hub/src/session/a.ts node-module",
      "packages/websocket/src/core/c.ts node-module",
    ]);
  });

  it("refuses ways into a package other than its exports", () => {
    const found = house({
      "packages/server/src/a.ts": `import { session } from "@heddle/hub/src/session/session.ts";`,
      "packages/server/src/b.ts": `import { one } from "../../base/src/index.ts";`,
      "tests/simulation/c.ts": `import { hub } from "../../packages/hub/src/index.ts";`,
      "examples/embed/d.ts": `import { e } from "../other/e.ts";`,
      "examples/other/e.ts": "export const e = 1;",
    });
    expect(found).toEqual([
      "examples/embed/d.ts exports-only",
      "packages/server/src/a.ts exports-only",
      "packages/server/src/b.ts exports-only",
      "tests/simulation/c.ts exports-only",
    ]);
  });

  it("refuses a package that imports itself by name, but for programs of its tests", () => {
    const found = house({
      "packages/hub/src/a.ts": `import { port } from "@heddle/hub/ports";`,
      "packages/hub/src/testing/program.ts": `import { port } from "@heddle/hub/ports";`,
    });
    expect(found).toEqual(["packages/hub/src/a.ts own-package"]);
  });

  it("refuses what package.json does not list, and development tools in shipped code", () => {
    const found = house({
      "packages/server/src/a.ts": `import { z } from "zod";`,
      "packages/server/src/a.test.ts": `import { z } from "zod";`,
      "tests/e2e/b.ts": `import axe from "axe-core";`,
    });
    expect(found).toEqual(["packages/server/src/a.ts undeclared", "tests/e2e/b.ts undeclared"]);
  });

  it("refuses test support in shipped code, but not in tests", () => {
    const found = house({
      "packages/hub/src/testing/fixture.ts": `import { memory } from "../memory/index.ts";`,
      "packages/hub/src/a.ts": `import { fixture } from "./testing/fixture.ts";`,
      "packages/hub/src/a.test.ts": `import { fixture } from "./testing/fixture.ts";`,
    });
    expect(found).toEqual(["packages/hub/src/a.ts test-code"]);
  });

  it("refuses a relative import that does not name its file in full", () => {
    expect(house({ "packages/hub/src/session/a.ts": `import { session } from "./session.js";` })).toEqual([
      "packages/hub/src/session/a.ts import-ending",
    ]);
  });

  it("refuses files that import each other, by types as well and across packages", () => {
    const found = house({
      "packages/hub/src/session/a.ts": `import type { b } from "./b.ts";`,
      "packages/hub/src/session/b.ts": `export { a } from "./a.ts";`,
      "packages/websocket/src/node/self.ts": `import { self } from "./self.ts";`,
    });
    expect(found).toEqual([
      "packages/hub/src/session/a.ts file-cycle",
      "packages/websocket/src/node/self.ts file-cycle",
    ]);
  });

  it("ignores imports that only stand in comments and texts", () => {
    const found = house({
      "packages/base/src/a.ts": `// import { hub } from "@heddle/hub";\nexport const text = 'import { hub } from "@heddle/hub";';`,
    });
    expect(found).toEqual([]);
  });
});

describe("the table of zones", () => {
  it("names only zones that exist", () => {
    const names = new Set(zones.map(({ name }) => name));
    const named = zones.flatMap(({ may, mayTypes = [], testsMay = [] }) => [...may, ...mayTypes, ...testsMay]);
    expect(named.filter((name) => !names.has(name))).toEqual([]);
  });

  it("gives a file to the most precise zone", () => {
    expect(zoneOf("packages/protocol/src/wire/codes.ts")?.name).toBe("protocol/words");
    expect(zoneOf("packages/protocol/src/wire/codec.ts")?.name).toBe("protocol/wire");
    expect(zoneOf("packages/client/src/node.ts")?.name).toBe("client/node");
    expect(zoneOf("packages/client/src/connection/states.ts")?.name).toBe("client");
    expect(zoneOf("packages/server/src/transport-websocket/origin.ts")?.name).toBe("server/transport-websocket");
  });
});
