import { describe, expect, it } from "vitest";
import { originCheck } from "./origin.ts";

const host = "app.example.com";

describe("the origin check", () => {
  it.each([
    ["https://app.example.com", true],
    ["http://app.example.com", true],
    ["https://APP.example.com", true],
    ["https://app.example.com:8443", false],
    ["https://example.com", false],
    ["https://evil.app.example.com", false],
    ["https://app.example.com.evil.net", false],
    ["null", false],
    ["", false],
    ["file:///etc/passwd", false],
    ["https://app.example.com, https://app.example.com", false],
  ])("by default lets pages of its own host in and no others: %s → %s", (origin, isAllowed) => {
    expect(originCheck("same")({ origin, host })).toBe(isAllowed);
  });

  it("compares ports as the scheme reads them", () => {
    const isAllowed = originCheck("same");
    expect(isAllowed({ origin: "http://localhost:7070", host: "localhost:7070" })).toBe(true);
    expect(isAllowed({ origin: "http://localhost:7070", host: "localhost" })).toBe(false);
    expect(isAllowed({ origin: "https://app.example.com", host: "app.example.com:443" })).toBe(true);
  });

  it("lets requests without an Origin pass, for they come from no browser", () => {
    expect(originCheck("same")({ host })).toBe(true);
    expect(originCheck([])({ host })).toBe(true);
  });

  it("refuses a page when the request names no host", () => {
    expect(originCheck("same")({ origin: "https://app.example.com" })).toBe(false);
  });

  it.each([
    ["https://example.com", true],
    ["https://a.example.org", true],
    ["https://a.b.example.org", true],
    ["https://example.org", false],
    ["https://evilexample.org", false],
    ["http://a.example.org", false],
    ["https://a.example.org:8443", false],
    ["https://dev.example.net:8443", true],
    ["https://app.example.com", false],
  ])("with a list lets exactly its entries in: %s → %s", (origin, isAllowed) => {
    const list = ["https://example.com", "https://*.example.org", "https://*.example.net:8443"];
    expect(originCheck(list)({ origin, host })).toBe(isAllowed);
  });

  it("takes the own host as an entry of a list", () => {
    const isAllowed = originCheck(["same", "https://partner.example"]);
    expect(isAllowed({ origin: "https://app.example.com", host })).toBe(true);
    expect(isAllowed({ origin: "https://partner.example", host })).toBe(true);
  });

  it.each(["*", "example.com", "https://", "https://*", "https://a.*.com", "ftp://example.com", "https://x/y", 7])(
    "refuses the entry %s and names its place",
    (entry) => {
      expect(() => originCheck(["same", entry as string])).toThrow(/^origins\[1\]: .* given, an origin such as/);
    },
  );

  it("refuses something that is no list", () => {
    expect(() => originCheck("any" as "same")).toThrow(/^origins: "any" given/);
  });
});
