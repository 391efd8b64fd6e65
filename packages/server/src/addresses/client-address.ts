// Whose address a request comes from: the socket's, or what proxies that are trusted say about it. Everything else in those
// headers was written by the client, and is not believed.

import { BlockList, isIP } from "node:net";
import { OptionError } from "@heddle/base";

export interface ProxyOptions {
  /** Addresses and networks (CIDR) of the proxies in front: `["10.0.0.0/8", "2001:db8::/48", "127.0.0.1"]`. At most 100. */
  readonly trusted: readonly string[];
  /** The header in which they name who they speak for; the other one is not looked at. Default `x-forwarded-for`. */
  readonly header?: "x-forwarded-for" | "forwarded";
}

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;
/** @param socketAddress  the socket's other end */
export type ClientAddress = (socketAddress: string, headers: Headers) => string;

const trustedMax = 100;
/** Proxies in a row that are followed. */
const hopsMax = 16;
const wanted = "a list of at most 100 addresses and networks (CIDR)";

/** @throws {OptionError} naming the entry that is no address and no network */
export function clientAddressBehind(proxies: ProxyOptions | undefined): ClientAddress {
  if (proxies === undefined) return (socketAddress) => plainAddress(socketAddress);
  const { trusted, header = "x-forwarded-for" } = proxies;
  if (!Array.isArray(trusted) || trusted.length > trustedMax) throw new OptionError("proxies.trusted", trusted, wanted);
  if (header !== "x-forwarded-for" && header !== "forwarded")
    throw new OptionError("proxies.header", header, "x-forwarded-for or forwarded");
  const known = new BlockList();
  for (const [index, entry] of trusted.entries()) trust(known, entry, `proxies.trusted[${index}]`);
  const isTrusted = (address: string): boolean => known.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  const read = header === "forwarded" ? forwardedFor : (entry: string) => entry;
  return (socketAddress, headers) => {
    let address = plainAddress(socketAddress);
    const given = headers[header];
    const entries = (typeof given === "string" ? given : (given ?? []).join(",")).split(",");
    // From the right: each proxy appends whom it was asked by, and only a trusted one's word counts.
    for (let hops = 0; hops < hopsMax && isIP(address) !== 0 && isTrusted(address); hops++) {
      const next = addressIn(read((entries.pop() ?? "").trim()));
      if (next === undefined) break;
      address = next;
    }
    return address;
  };
}

/** IPv4 inside IPv6 (RFC 4291 §2.5.5.2) as IPv4, and without a zone: one address is one text. */
export function plainAddress(address: string): string {
  const [plain = ""] = address.toLowerCase().split("%", 1);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1];
  return mapped ?? plain;
}

/**
 * What is counted as one client: an IPv4 address, or the /64 of an IPv6 address, which is what one customer is given and
 * may pick addresses from as it likes.
 */
export function addressKey(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = "", tail] = address.split("::", 2);
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  // An IPv4 ending stands for two groups.
  const rightCount = right.length + (right.at(-1)?.includes(".") ? 1 : 0);
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - rightCount);
  const groups = [...left, ...Array.from({ length: zeros }, () => "0"), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}

function trust(known: BlockList, entry: unknown, field: string): void {
  if (typeof entry !== "string") throw new OptionError(field, entry, "an address or a network (CIDR)");
  const [address = "", bits] = entry.split("/", 2);
  const family = isIP(address);
  const bitsMax = family === 6 ? 128 : 32;
  const isNetwork = bits !== undefined;
  // A network of everybody would let everybody say who they are.
  if (family === 0 || (isNetwork && !(/^\d{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= bitsMax)))
    throw new OptionError(field, entry, "an address or a network (CIDR) that is not everybody");
  if (isNetwork) known.addSubnet(address, Number(bits), family === 6 ? "ipv6" : "ipv4");
  else known.addAddress(address, family === 6 ? "ipv6" : "ipv4");
}

/** The `for` of one element (RFC 7239 §4). */
function forwardedFor(element: string): string {
  const pair = element.split(";").find((part) => /^\s*for\s*=/i.test(part)) ?? "";
  return pair
    .slice(pair.indexOf("=") + 1)
    .trim()
    .replace(/^"(.*)"$/, "$1");
}

/** An address with or without brackets and port; undefined for `unknown`, `_hidden` and whatever else is none. */
function addressIn(text: string): string | undefined {
  if (text.length > 64) return undefined;
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  const plain = plainAddress(bare);
  return isIP(plain) === 0 ? undefined : plain;
}
