// Our judgement of opening handshakes against the one of the `ws` server: both see the request Node's parser made.

import { createServer, type IncomingMessage, type Server } from "node:http";
import * as wsModule from "ws";
import { SeededRandom } from "@heddle/base/fakes";
import { systemClock } from "@heddle/base/system";
import { createWebSocketServer, type WebSocketServer } from "../../node/server.ts";
import { FakeSocket, settle } from "../fake-socket.ts";
import { requestLines } from "./request-text.ts";
import type { FuzzTarget, Verdict } from "./target.ts";

interface Difference {
  readonly name: string;
  readonly reason: string;
  applies(request: IncomingMessage): boolean;
}

/** The grammar ws has for extensions; its types do not have it. */
const { extension } = wsModule as unknown as { extension: { parse(value: string): unknown } };

/** What we refuse without exception, whatever ws does. Each is met by the seeds of the short run. */
export const stricter: readonly Difference[] = [
  {
    name: "HTTP below 1.1",
    reason: "§4.1 wants 1.1 at least. ws does not look.",
    applies: ({ httpVersion }) => Number(httpVersion) < 1.1, // a request line without any is 0.9
  },
  {
    name: "no Host, or two",
    reason: "§4.2.1 wants one (RFC 9112 §3.2). ws leaves that to Node, which does not look at upgrades.",
    applies: ({ rawHeaders }) =>
      rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host").length !== 1,
  },
  {
    name: "a target that is no path",
    reason: "§4.2.1 wants a path or an http: address, and §3 no fragment. ws takes any when it serves all paths.",
    applies: ({ url = "" }) => !/^(?:http:\/\/[^/?#]+(?:[/?]|$)|\/)[^#]*$/i.test(url),
  },
  {
    name: "a body",
    reason:
      "A handshake has none, and where its bytes would end and frames begin is nothing to guess. ws does not look.",
    applies: ({ headers }) =>
      headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0,
  },
  {
    name: "version not 13",
    reason: "§4.1 wants 13. ws speaks draft 8 too, and takes a number in any notation.",
    applies: (request) => valueOf(request, "sec-websocket-version") !== "13",
  },
  {
    name: "extensions against the grammar",
    reason: "§9.1 wants them refused. ws looks at the list only when it is to compress.",
    applies: (request) => {
      const value = valueOf(request, "sec-websocket-extensions");
      return value !== undefined && !parses(withoutEmpty(value));
    },
  },
];

/** What we take and ws refuses. */
export const laxer: readonly Difference[] = [
  {
    name: "Upgrade as a list",
    reason: "§4.2.1 wants a value that contains websocket; the header is a list (RFC 9110 §7.8). ws wants it alone.",
    applies: (request) => withoutEmpty(valueOf(request, "upgrade") ?? "").toLowerCase() !== "websocket",
  },
  {
    name: "empty list elements",
    reason: "RFC 9110 §5.6.1.2 wants them skipped. ws refuses them.",
    applies: (request) =>
      ["upgrade", "sec-websocket-protocol"].some((name) => {
        const value = valueOf(request, name);
        return value !== undefined && value.split(",").some((element) => element.trim() === "");
      }),
  },
];

const valueOf = ({ headers }: IncomingMessage, name: string): string | undefined => {
  const value = headers[name];
  return typeof value === "string" ? value : value?.join(", ");
};

const withoutEmpty = (list: string): string =>
  list
    .split(",")
    .map((element) => element.trim())
    .filter((element) => element !== "")
    .join(",");

function parses(extensions: string): boolean {
  try {
    extension.parse(extensions);
    return true;
  } catch {
    return false; // that is its answer
  }
}

/** How a request was answered. */
export interface Answer {
  readonly status: number;
  /** Of a 101: its proof and its subprotocol. */
  readonly agreed: string;
}

export type Answerer = (request: IncomingMessage) => Promise<Answer>;

/** A target that compares `answer` with ws. */
export function handshakeTarget(answer: Answerer): FuzzTarget {
  const http = createServer();
  const theirs = theirAnswerer();
  return {
    name: "handshake",
    plan: (random: SeededRandom) => ({
      setting: "",
      parts: requestLines(random),
      async judge(input) {
        const request = await parsed(http, input);
        if (request === undefined) return { outcome: "no upgrade for Node" };
        return compare(request, await answer(request), await theirs(request));
      },
    }),
  };
}

/** The request in `input`, if Node finds one that is to be upgraded. */
async function parsed(http: Server, input: Uint8Array): Promise<IncomingMessage | undefined> {
  const socket = new FakeSocket();
  socket.on("error", () => undefined);
  let found: IncomingMessage | undefined;
  const take = (request: IncomingMessage): void => void (found = request);
  http.on("upgrade", take).emit("connection", socket);
  socket.push(input);
  await settle();
  http.off("upgrade", take);
  socket.destroy();
  return found;
}

function compare(request: IncomingMessage, ours: Answer, theirs: Answer): Verdict {
  const both = `we: ${ours.status} ${ours.agreed}\nws: ${theirs.status} ${theirs.agreed}`;
  const ground = stricter.find((each) => each.applies(request));
  if (ours.status === 101) {
    if (ground !== undefined) return { outcome: "too lax", flaw: `accepted, though ${ground.name}\n${both}` };
    if (theirs.status === 101) {
      if (ours.agreed !== theirs.agreed) return { outcome: "other terms", flaw: both };
      return { outcome: "accepted" };
    }
    const known = laxer.find((each) => each.applies(request));
    if (known === undefined) return { outcome: "disagreement", flaw: both };
    return { outcome: `known difference, ${known.name}` };
  }
  if (![400, 405, 413, 426].includes(ours.status)) return { outcome: "odd status", flaw: both };
  if (theirs.status !== 101) return { outcome: `refused ${ours.status}` };
  if (ground === undefined) return { outcome: "disagreement", flaw: both };
  return { outcome: `known difference, ${ground.name}` };
}

/** One of our servers that takes the first subprotocol offered. */
export function ourAnswerer(): Answerer {
  const server: WebSocketServer = createWebSocketServer({
    ...{ clock: systemClock(), random: new SeededRandom(1) },
    selectProtocol: ([first]) => first,
    onConnection() {},
  });
  return (request) => answered((socket) => void server.handleUpgrade(request, socket, Buffer.alloc(0)));
}

/** A ws server, which does the same. */
function theirAnswerer(): Answerer {
  const server = new wsModule.WebSocketServer({ noServer: true });
  return (request) => answered((socket) => server.handleUpgrade(request, socket, Buffer.alloc(0), () => undefined));
}

async function answered(upgrade: (socket: FakeSocket) => void): Promise<Answer> {
  const socket = new FakeSocket();
  upgrade(socket);
  await settle();
  const text = Buffer.concat(socket.writes).toString("latin1");
  socket.on("error", () => undefined).destroy();
  await settle(); // what was held for the connection is let go
  const lineOf = (name: string): string => new RegExp(`^${name}:.*$`, "im").exec(text)?.[0] ?? "";
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0);
  return { status, agreed: `${lineOf("sec-websocket-accept")} ${lineOf("sec-websocket-protocol")}` };
}
