import { describe, expect, it } from "vitest";
import { parseExtensions } from "../handshake/header-lists.ts";
import { resolveDeflate, type DeflateOptions } from "./deflate-options.ts";
import { acceptDeflate, offerText, readAnswer, type DeflateTerms } from "./negotiation.ts";

const optionsOf = (given: DeflateOptions = {}): Required<DeflateOptions> =>
  resolveDeflate(given) as Required<DeflateOptions>;
const accept = (offers: string, given?: DeflateOptions) =>
  acceptDeflate(parseExtensions(offers) ?? [], optionsOf(given));

/** Terms in a few characters: our window and the peer's, with a plus for context takeover. */
const brief = (terms: DeflateTerms | string | undefined): string =>
  typeof terms === "object"
    ? `${terms.windowBits}${terms.contextTakeover ? "+" : ""} ${terms.peerWindowBits}${terms.peerContextTakeover ? "+" : ""}`
    : String(terms);

const both: DeflateOptions = { contextTakeover: true, peerContextTakeover: true };
const narrow: DeflateOptions = { ...both, windowBits: 11, peerWindowBits: 12 };
const forgetful = "; server_no_context_takeover; client_no_context_takeover";

describe("a server", () => {
  it.each<[string, DeflateOptions, string, string]>([
    // §7.1.1: context takeover
    ["", {}, forgetful, "15 15"],
    ["", both, "", "15+ 15+"],
    ["", { contextTakeover: true }, "; client_no_context_takeover", "15+ 15"],
    ["", { peerContextTakeover: true }, "; server_no_context_takeover", "15 15+"],
    ["; server_no_context_takeover", both, "; server_no_context_takeover", "15 15+"],
    ["; client_no_context_takeover", both, "; client_no_context_takeover", "15+ 15"],
    ["; client_no_context_takeover; server_no_context_takeover", both, forgetful, "15 15"],
    // §7.1.2.1: the same or smaller
    ["; server_max_window_bits=8", both, "; server_max_window_bits=8", "8+ 15+"],
    ["; server_max_window_bits=10", narrow, "; server_max_window_bits=10", "10+ 15+"],
    ["; server_max_window_bits=15", narrow, "; server_max_window_bits=11", "11+ 15+"],
    ["; server_max_window_bits=15", both, "; server_max_window_bits=15", "15+ 15+"],
    ['; server_max_window_bits="9"', both, "; server_max_window_bits=9", "9+ 15+"],
    ["", narrow, "; server_max_window_bits=11", "11+ 15+"],
    // §7.1.2.2: only who offers it can be told
    ["; client_max_window_bits", both, "", "15+ 15+"],
    ["; client_max_window_bits", { ...both, peerWindowBits: 9 }, "; client_max_window_bits=9", "15+ 9+"],
    ["; client_max_window_bits=8", both, "; client_max_window_bits=8", "15+ 8+"],
    ["; client_max_window_bits=15", both, "", "15+ 15+"],
    ["; client_max_window_bits=10", { ...both, peerWindowBits: 9 }, "; client_max_window_bits=9", "15+ 9+"],
    ["", { ...both, peerWindowBits: 9 }, "", "15+ 15+"],
    [
      "; client_max_window_bits; server_max_window_bits=13",
      narrow,
      "; server_max_window_bits=11; client_max_window_bits=12",
      "11+ 12+",
    ],
  ])("that is offered permessage-deflate%s, with %j, answers %s", (offer, given, answer, terms) => {
    const accepted = accept(`permessage-deflate${offer}`, given);
    expect(accepted?.answer).toBe(`permessage-deflate${answer}`);
    expect(brief(accepted?.terms)).toBe(terms);
  });

  const ill = [
    "server_no_context_takeover=1",
    "server_no_context_takeover=true",
    "client_no_context_takeover=0",
    "server_max_window_bits",
    "server_max_window_bits=7",
    "server_max_window_bits=16",
    "server_max_window_bits=08",
    "server_max_window_bits=1e1",
    "server_max_window_bits=+9",
    "client_max_window_bits=7",
    "client_max_window_bits=16",
    "client_max_window_bits=015",
    "unknown",
    "unknown=9",
    "Server_no_context_takeover",
    "__proto__",
    "server_no_context_takeover; server_no_context_takeover",
    "client_no_context_takeover; client_no_context_takeover",
    "server_max_window_bits=9; server_max_window_bits=9",
    "client_max_window_bits; client_max_window_bits=9",
  ];
  it.each(ill)("declines an offer with %s (§7.1), and takes the next", (parameters) => {
    expect(accept(`permessage-deflate; ${parameters}`)).toBeUndefined();
    const fallback = accept(`permessage-deflate; ${parameters}, permessage-deflate; server_max_window_bits=9`, both);
    expect(fallback?.answer).toBe("permessage-deflate; server_max_window_bits=9");
  });

  it("takes the first of several good offers, and no other extension", () => {
    expect(accept("permessage-deflate; client_max_window_bits=9, permessage-deflate", both)?.answer).toBe(
      "permessage-deflate; client_max_window_bits=9",
    );
    expect(accept("x, permessage-deflate; unknown, y; z, permessage-deflate", both)?.answer).toBe("permessage-deflate");
    expect(accept("x-webkit-deflate-frame, permessage-bzip2")).toBeUndefined();
    expect(accept("Permessage-Deflate")).toBeUndefined();
  });
});

describe("a client", () => {
  it.each<[DeflateOptions, string]>([
    [{}, `${forgetful}; client_max_window_bits`],
    [both, "; client_max_window_bits"],
    [{ contextTakeover: true }, "; server_no_context_takeover; client_max_window_bits"],
    [{ peerContextTakeover: true }, "; client_no_context_takeover; client_max_window_bits"],
    [narrow, "; server_max_window_bits=12; client_max_window_bits=11"],
  ])("with %j offers %s", (given, offer) => {
    expect(offerText(optionsOf(given))).toBe(`permessage-deflate${offer}`);
  });

  it.each<[string, DeflateOptions, string]>([
    ["; server_no_context_takeover", {}, "15 15"],
    [forgetful, {}, "15 15"],
    ["", both, "15+ 15+"],
    ["; server_no_context_takeover", both, "15+ 15"],
    ["; client_no_context_takeover", both, "15 15+"],
    ["; server_max_window_bits=8", both, "15+ 8+"],
    ["; client_max_window_bits=8", both, "8+ 15+"],
    ["; client_max_window_bits=11; server_max_window_bits=12", narrow, "11+ 12+"],
    ["; client_max_window_bits=9; server_max_window_bits=10", narrow, "9+ 10+"],
    // §7.1.2.2: a server may ignore the hint. It then allows more than we use.
    ["; client_max_window_bits=15; server_max_window_bits=12", narrow, "11+ 12+"],
    ["; server_max_window_bits=12", narrow, "11+ 12+"],
    ['; client_max_window_bits="10"', both, "10+ 15+"],
  ])("takes the answer %s to its offer with %j", (answer, given, terms) => {
    expect(brief(readAnswer(`permessage-deflate${answer}`, optionsOf(given)))).toBe(terms);
  });

  it.each<[string, DeflateOptions, string]>([
    ["permessage-deflate", {}, "server_no_context_takeover was asked for"],
    ["permessage-deflate", narrow, "server_max_window_bits above"],
    ["permessage-deflate; server_max_window_bits=13", narrow, "server_max_window_bits above"],
    ["permessage-deflate; client_max_window_bits", both, "client_max_window_bits needs a value"],
    ["permessage-deflate; server_max_window_bits", both, "server_max_window_bits is not 8 to 15"],
    ["permessage-deflate; server_max_window_bits=16", both, "server_max_window_bits is not 8 to 15"],
    ["permessage-deflate; client_max_window_bits=07", both, "client_max_window_bits is not 8 to 15"],
    ["permessage-deflate; client_no_context_takeover=1", both, "client_no_context_takeover takes no value"],
    ["permessage-deflate; server_no_context_takeover; server_no_context_takeover", both, "comes twice"],
    ["permessage-deflate; x", both, "x is no parameter of permessage-deflate"],
    ["permessage-deflate, permessage-deflate", both, "accepted twice"],
    ["permessage-deflate, x", both, "extension x was not offered"],
    ["x", both, "extension x was not offered"],
    ["", both, "grammar"],
    ["permessage-deflate; =", both, "grammar"],
  ])("fails on the answer %s to its offer with %j (§5.1, §7.1)", (answer, given, flaw) => {
    expect(readAnswer(answer, optionsOf(given))).toContain(flaw);
  });
});

describe("our client and our server", () => {
  const choices: DeflateOptions[] = [];
  for (const windowBits of [8, 11, 15]) {
    for (const peerWindowBits of [8, 12, 15]) {
      for (const contextTakeover of [false, true]) {
        for (const peerContextTakeover of [false, true]) {
          choices.push({ windowBits, peerWindowBits, contextTakeover, peerContextTakeover });
        }
      }
    }
  }

  it("agree whatever both want, each on the other's terms, and neither beyond its own wish", () => {
    for (const client of choices) {
      for (const server of choices) {
        const told = JSON.stringify({ client, server });
        const accepted = accept(offerText(optionsOf(client)), server);
        const terms = readAnswer(accepted?.answer ?? "", optionsOf(client)) as DeflateTerms;
        expect(accepted?.terms, `with ${told}`).toEqual({
          windowBits: Math.min(client.peerWindowBits as number, server.windowBits as number),
          contextTakeover: client.peerContextTakeover === true && server.contextTakeover === true,
          peerWindowBits: Math.min(client.windowBits as number, server.peerWindowBits as number),
          peerContextTakeover: client.contextTakeover === true && server.peerContextTakeover === true,
        });
        expect(terms, `with ${told}`).toEqual({
          windowBits: accepted?.terms.peerWindowBits,
          contextTakeover: accepted?.terms.peerContextTakeover,
          peerWindowBits: accepted?.terms.windowBits,
          peerContextTakeover: accepted?.terms.contextTakeover,
        });
      }
    }
  });
});

describe("the options", () => {
  it.each<[unknown, string]>([
    [{ thresholdBytes: -1 }, "deflate.thresholdBytes"],
    [{ level: 0 }, "deflate.level"],
    [{ level: 10 }, "deflate.level"],
    [{ windowBits: 7 }, "deflate.windowBits"],
    [{ windowBits: 16 }, "deflate.windowBits"],
    [{ peerWindowBits: 9.5 }, "deflate.peerWindowBits"],
    [{ contextTakeover: 1 }, "deflate.contextTakeover"],
    [{ peerContextTakeover: "no" }, "deflate.peerContextTakeover"],
    [true, "deflate"],
    [null, "deflate"],
  ])("refuse %j", (given, field) => {
    expect(() => resolveDeflate(given as DeflateOptions)).toThrow(expect.objectContaining({ field }));
  });

  it("leave compression off unless asked", () => {
    expect(resolveDeflate()).toBeUndefined();
    expect(resolveDeflate(false)).toBeUndefined();
    expect(resolveDeflate({})).toMatchObject({ thresholdBytes: 1_024, contextTakeover: false });
  });
});
