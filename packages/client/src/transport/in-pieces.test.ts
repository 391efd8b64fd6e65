import { utf8Encode } from "@heddle/base";
import { wireLimits, type PieceFrame } from "@heddle/protocol";
import { describe, expect, it } from "vitest";
import { ServerLink, welcome } from "../testing/scripted-server.ts";
import { inPieces, pieceLength, pieceWindowCount } from "./in-pieces.ts";

const big = 1_000_000;

/** A link that was welcomed, and the server's end of it. */
function linked(more: object = { big }) {
  const told: string[] = [];
  let server: ServerLink | undefined;
  const link = inPieces({
    name: "scripted",
    open: (handlers) => (server = new ServerLink(handlers)).clientEnd,
  }).open({ opened: () => undefined, closed: () => undefined, message: (text) => told.push(text) });
  const end = server as unknown as ServerLink;
  link.send('{"t":"hello","v":1,"pid":"p"}');
  end.say({ ...welcome, ...more });
  const take = (i: number, k: number): void => end.say({ t: "taken", i, k });
  return { link, server: end, told, take };
}

const pub = (r: number, ch: string, d: string): string => JSON.stringify({ t: "pub", r, ch, e: "m", n: r, pn: 0, d });
const large = (r: number, ch: string, count = 6): string => pub(r, ch, "x".repeat(count * pieceLength));
const joined = (pieces: readonly PieceFrame[]): string => pieces.map(({ s }) => s).join("");
const names = (server: ServerLink): string[] =>
  server.frames
    .slice(1)
    .map((frame) => (frame.t === "piece" ? `${frame.r}.${frame.k}` : `${frame.t} ${"r" in frame && frame.r}`));

describe("a transport in pieces", () => {
  it("says in hello what it can, and raises the limit the client is told", () => {
    const { server, told } = linked();
    expect(server.frames[0]).toEqual({ t: "hello", f: ["pieces"], v: 1, pid: "p" });
    expect(JSON.parse(told[0] ?? "")).toEqual({ ...welcome, max: big, big });
    expect(JSON.parse(linked({}).told[0] ?? "")).toEqual(welcome);
  });

  it("sends a large frame as pieces of its text, no more of them under way than the protocol says", () => {
    const { link, server, take } = linked();
    const text = large(1, "a");
    link.send(text);
    expect(server.all("piece")).toHaveLength(pieceWindowCount);
    take(1, 0);
    expect(server.all("piece")).toHaveLength(pieceWindowCount + 1);
    take(1, 4);
    const pieces = server.all("piece");
    expect(pieces.map(({ r, k, z }) => [r, k, z])).toEqual(
      Array.from({ length: 7 }, (_, k) => [1, k, k === 6 ? 1 : undefined]),
    );
    expect(joined(pieces)).toBe(text);
    expect([pieceWindowCount, pieceLength]).toEqual([wireLimits.pieceWindowCount, 16_384]);
  });

  it("cuts no surrogate pair, and every piece fits in a frame of either codec", () => {
    const { link, server, take } = linked();
    const text = `${pub(1, "a", "").slice(0, -2)}${'\\"'.repeat(20_000)}x${"😀".repeat(30_000)}"}`;
    link.send(text);
    for (let k = 0; k < 10; k++) take(1, k);
    expect(joined(server.all("piece"))).toBe(text);
    for (const piece of server.all("piece")) {
      const json = JSON.stringify(piece);
      expect(json).not.toMatch(/\\ud[89a-f]/i);
      expect(Math.max(json.length, utf8Encode(piece.s).length)).toBeLessThan(wireLimits.frameBytes);
    }
  });

  it("lets other frames pass, and holds publishes of the same channel behind it in order", () => {
    const { link, server, take } = linked();
    for (const text of [
      large(1, "a"),
      pub(2, "b", ""),
      pub(3, "a", ""),
      large(4, "b"),
      pub(5, "b", ""),
      pub(6, "a", ""),
    ])
      link.send(text);
    link.send('{"t":"call","r":7,"op":"x"}');
    expect(names(server)).toEqual(["1.0", "1.1", "1.2", "1.3", "pub 2", "call 7"]);
    take(1, 3);
    expect(names(server).slice(6, 11)).toEqual(["1.4", "1.5", "1.6", "pub 3", "pub 6"]);
    expect(names(server).slice(11)).toEqual(["4.0", "4.1", "4.2", "4.3"]);
    take(4, 3);
    expect(names(server).slice(15)).toEqual(["4.4", "4.5", "4.6", "pub 5"]);
  });

  it("sends no more of what the server refused or nobody waits for", () => {
    const { link, server, told, take } = linked();
    link.send(large(1, "a"));
    link.send(pub(2, "a", ""));
    server.say({ t: "err", r: 1, code: 303, name: "too_large" });
    expect(names(server).slice(4)).toEqual(["pub 2"]);
    expect(told.at(-1)).toContain("too_large");
    link.send(JSON.stringify({ t: "call", r: 3, op: "x", d: "x".repeat(100_000) }));
    link.send(large(4, "a", 5));
    link.send('{"t":"cancel","r":3}');
    take(3, 0);
    expect(names(server).slice(9)).toEqual(["cancel 3", "4.0", "4.1", "4.2", "4.3"]);
    link.send(pub(5, "a", ""));
    link.send(large(6, "a", 5));
    server.say({ t: "err", r: 6, code: 429, name: "rate_limited" });
    take(4, 3);
    expect(names(server).slice(14)).toEqual(["4.4", "4.5", "pub 5"]);
  });

  it("sends everything as it is to a server that takes no pieces", () => {
    const { link, server } = linked({});
    link.send(large(1, "a"));
    link.send(pub(2, "a", ""));
    expect(names(server)).toEqual(["pub 1", "pub 2"]);
  });
});
