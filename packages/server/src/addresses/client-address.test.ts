import { describe, expect, it } from "vitest";
import { addressKey, clientAddressBehind, type ProxyOptions } from "./client-address.ts";

const behind = (proxies: ProxyOptions | undefined, socket: string, headers: Record<string, string> = {}): string =>
  clientAddressBehind(proxies)(socket, headers);
const trusted = { trusted: ["10.0.0.0/8", "2001:db8::/32", "127.0.0.1"] };
const xff = (value: string): Record<string, string> => ({ "x-forwarded-for": value });

describe("the address of a client", () => {
  it("is the socket's when no proxy is trusted, whatever the headers say", () => {
    expect(behind(undefined, "203.0.113.9", { ...xff("198.51.100.1"), forwarded: "for=198.51.100.1" })).toBe(
      "203.0.113.9",
    );
    expect(behind(undefined, "::ffff:203.0.113.9")).toBe("203.0.113.9");
    expect(behind(undefined, "FE80::1%eth0")).toBe("fe80::1");
  });

  it("is what the nearest proxy that is not trusted was seen as: read from the right", () => {
    expect(behind(trusted, "10.0.0.1", xff("198.51.100.7"))).toBe("198.51.100.7");
    expect(behind(trusted, "10.0.0.1", xff("198.51.100.7, 10.2.2.2"))).toBe("198.51.100.7");
    expect(behind(trusted, "::ffff:10.0.0.1", xff("203.0.113.4,2001:db8::5 , 10.2.2.2"))).toBe("203.0.113.4");
  });

  it("cannot be chosen by a client that writes the header itself", () => {
    expect(behind(trusted, "10.0.0.1", xff("1.1.1.1, 198.51.100.7"))).toBe("198.51.100.7");
    expect(behind(trusted, "198.51.100.7", xff("1.1.1.1"))).toBe("198.51.100.7");
    expect(behind(trusted, "10.0.0.1", { ...xff("198.51.100.7"), forwarded: "for=1.1.1.1" })).toBe("198.51.100.7");
  });

  it.each(["", "unknown", "_hidden", "999.1.1.1", "1.1.1.1:port", "[::1", "x".repeat(1_000), "<script>"])(
    "stays the proxy's when the proxy says %j",
    (said) => {
      expect(behind(trusted, "10.0.0.1", xff(said))).toBe("10.0.0.1");
    },
  );

  it("is read out of Forwarded where that is what the proxies write", () => {
    const proxies = { ...trusted, header: "forwarded" } as const;
    const from = (forwarded: string): string => behind(proxies, "10.0.0.1", { forwarded });
    expect(from("for=198.51.100.7;proto=https")).toBe("198.51.100.7");
    expect(from('proto=https; For="198.51.100.7:4711"')).toBe("198.51.100.7");
    expect(from('for=1.1.1.1, for="[2001:470::17]:4711", for=10.3.3.3')).toBe("2001:470::17");
    expect(from("by=10.0.0.1")).toBe("10.0.0.1");
    expect(behind(proxies, "10.0.0.1", xff("1.1.1.1"))).toBe("10.0.0.1");
  });

  it("is looked for over a bounded number of proxies", () => {
    const long = Array.from({ length: 100_000 }, () => "10.0.0.2").join(",");
    expect(behind(trusted, "10.0.0.1", xff(`198.51.100.7,${long}`))).toBe("10.0.0.2");
  });

  it.each([["0.0.0.0/0"], ["::/0"], ["10.0.0.0/33"], ["10.0.0.0/-1"], ["10.0.0/8"], ["localhost"], [7]])(
    "cannot be told by %j: that is no proxy",
    (entry) => {
      const proxies = { trusted: [entry] } as unknown as ProxyOptions;
      expect(() => clientAddressBehind(proxies)).toThrow(/^proxies\.trusted\[0\]: /);
    },
  );
});

describe("what is counted as one client", () => {
  it.each([
    ["203.0.113.9", "203.0.113.9"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::1", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["2001:0db8:0:0:ffff::", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["64:ff9b::192.0.2.33", "64:ff9b:0:0::/64"],
  ])("of %s is %s", (address, key) => {
    expect(addressKey(address)).toBe(key);
  });
});
