// Which web pages may open connections. A browser names the page's origin and cannot be made to lie about it by a page;
// other programs name none, or anything, and are stopped by authentication instead.

import { OptionError } from "@heddle/base";

/** `same`: pages of the host that is asked. Otherwise a list of `same`, exact origins and `https://*.example.com`. */
export type Origins = "same" | readonly string[];

/** Headers of an upgrade request, names in lower case. */
export interface OriginHeaders {
  readonly origin?: string | undefined;
  readonly host?: string | undefined;
}

type Rule = (origin: URL, host: string | undefined) => boolean;

const originsMax = 1_000;

/**
 * Whether a request may be answered, as a function of its headers. A request without Origin comes from no browser and
 * passes. `Origin: null` (a sandboxed or local page) never does.
 *
 * @throws {OptionError} naming the entry that is no origin
 */
export function originCheck(origins: Origins): (headers: OriginHeaders) => boolean {
  const list = origins === "same" ? [origins] : origins;
  if (!Array.isArray(list) || list.length > originsMax) {
    throw new OptionError("origins", origins, `"same" or a list of at most ${originsMax} origins`);
  }
  const rules = list.map(ruleOf);
  return ({ origin, host }) => {
    if (origin === undefined) return true;
    const url = parse(origin);
    return url !== undefined && rules.some((isAllowed) => isAllowed(url, host));
  };
}

function ruleOf(entry: unknown, index: number): Rule {
  if (entry === "same") return isSameHost;
  const wanted = 'an origin such as "https://example.com" or "https://*.example.com"';
  const problem = new OptionError(`origins[${index}]`, entry, wanted);
  if (typeof entry !== "string") throw problem;
  const match = /^(https?:\/\/)(\*\.)?([^*/?#@]+)\/?$/.exec(entry);
  const url = match === null ? undefined : parse(`${match[1]}${match[3]}`);
  if (match === null || url === undefined) throw problem;
  if (match[2] === undefined) return (origin) => origin.origin === url.origin;
  const tail = `.${url.hostname}`;
  return (origin) => origin.protocol === url.protocol && origin.port === url.port && origin.hostname.endsWith(tail);
}

/** Compares with Host alone: what a proxy writes elsewhere can be written by anybody who reaches us without it. */
function isSameHost(origin: URL, host: string | undefined): boolean {
  const asked = host === undefined ? undefined : parse(`${origin.protocol}//${host}`);
  return asked !== undefined && asked.host === origin.host;
}

function parse(origin: string): URL | undefined {
  if (!URL.canParse(origin)) return undefined;
  const url = new URL(origin);
  return url.protocol === "http:" || url.protocol === "https:" ? url : undefined;
}
