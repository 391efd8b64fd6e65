import { describe, expect, it } from "vitest";
import { stderrLogger } from "./logger.ts";

describe("the default logger", () => {
  it("writes warnings and errors as one JSON line each, with what an error says", () => {
    const lines: string[] = [];
    const logger = stderrLogger((line) => void lines.push(line));
    logger.debug({ a: 1 }, "no");
    logger.info({ a: 1 }, "no");
    logger.warn({ a: 1 }, "slow");
    logger.error({ error: new Error("line\nbreak", { cause: new TypeError("deep") }) }, "broken");
    expect(lines).toHaveLength(2);
    expect(JSON.parse(lines[0] as string)).toEqual({ level: "warn", message: "slow", a: 1 });
    expect(JSON.parse(lines[1] as string)).toMatchObject({
      level: "error",
      error: {
        name: "Error",
        message: "line\nbreak",
        stack: expect.any(String) as string,
        cause: { name: "TypeError" },
      },
    });
    expect(lines.every((line) => line.endsWith("\n") && line.indexOf("\n") === line.length - 1)).toBe(true);
  });
});
