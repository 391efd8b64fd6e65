import { describe, expect, it } from "vitest";
import { planted } from "./repository.ts";
import { checkTidy, comfort } from "./tidy.ts";

/** Rules broken by one file of the package `hub`. */
function rulesOf(code: string, file = "packages/hub/src/a.ts"): string[] {
  const text = file.endsWith("a.ts") ? `// Knows what a test plants.\n${code}` : code;
  return checkTidy(planted({ [file]: text })).map(({ rule }) => rule);
}

describe("raw clocks and chance", () => {
  it.each([
    "Date.now()",
    "new Date()",
    "performance.now()",
    "globalThis.performance.now()",
    "Math.random()",
    "crypto.randomUUID()",
    "crypto.getRandomValues(bytes)",
    "setTimeout(run, 1)",
    "globalThis.setInterval(run, 1)",
    "const later = setImmediate",
    "start({ setTimeout })",
  ])("are refused in packages: %s", (code) => {
    expect(rulesOf(code)).toEqual(["raw-clock"]);
    expect(rulesOf(code, "packages/hub/src/b.test.ts")).toEqual(["raw-clock"]);
  });

  it.each([
    `import { setTimeout as sleep } from "node:timers/promises"`,
    `import { performance } from "node:perf_hooks"`,
    `import { randomBytes } from "node:crypto"`,
  ])("are refused when they come from a module: %s", (code) => {
    expect(rulesOf(code)).toEqual(["raw-clock"]);
  });

  it.each([
    "clock.setTimeout(run)",
    "const timers = { setTimeout: later }",
    "new Date(ms)",
    "clock.now()",
    `import { createHash } from "node:crypto"`,
  ])("are not seen where there are none: %s", (code) => {
    expect(rulesOf(code)).toEqual([]);
  });

  it("are at home in base/system-*, and outside packages", () => {
    expect(rulesOf("// Real time.\nDate.now();", "packages/base/src/system-clock.ts")).toEqual([]);
    expect(rulesOf("Date.now();", "tests/e2e/wait.ts")).toEqual([]);
  });
});

describe("types", () => {
  it.each(["let a: any", "const a = b as any", "function f(a: any[]): void {}"])("have no hole: %s", (code) => {
    expect(rulesOf(code)).toEqual(["any"]);
  });

  it("are not silenced by comments", () => {
    expect(rulesOf("// @ts-ignore\nf();")).toEqual(["ts-comment"]);
    expect(rulesOf("/* @ts-nocheck */\nf();")).toEqual(["ts-comment"]);
    expect(rulesOf("// @ts-expect-error\nf();")).toEqual(["ts-comment"]);
  });

  it("may be expected to fail in type tests only", () => {
    expect(rulesOf("// @ts-expect-error wrong event\nf();", "packages/client/src/b.types.test.ts")).toEqual([]);
    expect(rulesOf("// @ts-ignore\nf();", "packages/client/src/b.types.test.ts")).toEqual(["ts-comment"]);
  });
});

describe("tests", () => {
  it.each([
    `it.skip("a", f)`,
    `test.only("a", f)`,
    `describe.concurrent.only("a", f)`,
    `it.todo("a")`,
    `it.skipIf(isWindows)("a", f)`,
    `xit("a", f)`,
    `fdescribe("a", f)`,
  ])("are not left out: %s", (code) => {
    expect(rulesOf(code, "packages/hub/src/b.test.ts")).toEqual(["skipped-test"]);
  });

  it("may use those words for other things", () => {
    expect(rulesOf(`reader.skip(3); options.only("a"); it("a", f)`, "packages/hub/src/b.test.ts")).toEqual([]);
  });
});

describe("errors", () => {
  it.each(["try { f() } catch {}", "try { f() } catch (cause) {}", "p.catch(() => {})", "p.catch(() => undefined)"])(
    "are not swallowed: %s",
    (code) => {
      expect(rulesOf(`f();\n${code}`)).toEqual(["empty-catch"]);
    },
  );

  it("may be awaited later in tests", () => {
    expect(rulesOf("const p = f();\np.catch(() => undefined);", "packages/hub/src/b.test.ts")).toEqual([]);
    expect(rulesOf("f();\ntry { g() } catch {}", "packages/hub/src/b.test.ts")).toEqual(["empty-catch"]);
  });

  it.each([
    "try { f() } catch { return undefined }",
    "try { f() } catch { /* closed already */ }",
    "p.catch(() => undefined); // answered in its turn",
    "// Told to whoever asked.\np.catch(() => undefined);",
    "p.catch((cause) => report(cause))",
  ])("may be dropped for a stated reason: %s", (code) => {
    expect(rulesOf(code.startsWith("try") ? `function g() { ${code} }` : code)).toEqual([]);
  });
});

describe("the rest", () => {
  it("refuses printing in packages only, unless there is nobody else to tell", () => {
    expect(rulesOf("f();\nconsole.log(1)")).toEqual(["console"]);
    expect(rulesOf("f();\nconsole.error(cause); // Node has no reportError")).toEqual([]);
    expect(rulesOf("console.log(1)", "examples/embed/server.ts")).toEqual([]);
  });

  it.each(["TODO", "FIXME"])("refuses unfinished work: %s", (word) => {
    expect(rulesOf(`// ${word}: later`)).toEqual(["todo"]);
  });

  it("wants a purpose on line one of packages and scripts", () => {
    expect(rulesOf("export const a = 1;", "packages/hub/src/b.ts")).toEqual(["purpose"]);
    expect(rulesOf("#!/usr/bin/env node\n// Does it.\nf();", "scripts/b.mjs")).toEqual([]);
    expect(rulesOf("f();", "packages/hub/src/b.test.ts")).toEqual([]);
  });

  it("refuses a lock file that names a registry", () => {
    const lock = JSON.stringify({ a: { resolved: "https://example.org/a.tgz" } }, undefined, 2);
    expect(rulesOf(lock, "bench/package-lock.json")).toEqual(["lock-resolved"]);
    expect(rulesOf(`{ "a": { "resolved": "packages/base", "link": true } }`, "package-lock.json")).toEqual([]);
  });

  it("warns of long files and functions without failing", () => {
    const long = `function f() {\n${"g();\n".repeat(comfort.functionLinesMax)}}\n`;
    const findings = checkTidy(planted({ "scripts/a.ts": `// Long.\n${long.repeat(7)}` }));
    expect(new Set(findings.map(({ rule, level }) => `${rule} ${level}`))).toEqual(
      new Set(["long-file warning", "long-function warning"]),
    );
  });

  it("says where", () => {
    const [finding] = checkTidy(planted({ "packages/hub/src/a.ts": "// A.\n\nDate.now();\n" }));
    expect(finding).toMatchObject({ file: "packages/hub/src/a.ts", line: 3 });
  });
});

describe("words", () => {
  // Written in pieces: this file is read by the guard as well.
  it.each([
    ["machine-path", "/wor", "k/main/x"],
    ["machine-path", "see /hom", "e/ada/x"],
    ["outside-path", "../shar", "ed/design.md"],
    ["registry", "https://registr", "y.example.org/x"],
    ["registry", "http://artifactor", "y.corp/x"],
    ["ticket", "fixes issu", "e 12"],
    ["ticket", "Issu", "e #12"],
  ])("refuses %s: %s%s", (rule, head, tail) => {
    const text = head + tail;
    expect(rulesOf(text, "docs/a.md")).toEqual([rule]);
    expect(rulesOf(`const a = ${JSON.stringify(text)};`, "tests/a.ts")).toEqual([rule]);
  });

  it.each(["the hub's registry.get", "./work/x", "src/home/page.tsx", "socketio/socket.io#5538", "an issue of trust"])(
    "leaves ordinary text alone: %s",
    (text) => {
      expect(rulesOf(text, "docs/a.md")).toEqual([]);
    },
  );
});
