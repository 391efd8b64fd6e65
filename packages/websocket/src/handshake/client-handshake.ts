// The client's half of the opening handshake (RFC 6455 §4.1): words the request's headers, judges the answer. No sockets.

import type { DeflateOptions } from "../deflate/deflate-options.ts";
import { offerText, readAnswer, type DeflateTerms } from "../deflate/negotiation.ts";
import { acceptKeyFor } from "./accept-key.ts";
import { listHas } from "./header-lists.ts";
import { countLines, isHttp11, type HandshakeRequest } from "./server-handshake.ts";

/** Headers of an opening handshake. `key` is 16 random bytes in base64; compression is offered when `deflate` is given. */
export function requestHeaders(
  key: string,
  protocols: readonly string[],
  deflate?: Required<DeflateOptions>,
): Record<string, string> {
  return {
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": key,
    ...(protocols.length > 0 ? { "Sec-WebSocket-Protocol": protocols.join(", ") } : {}),
    ...(deflate === undefined ? {} : { "Sec-WebSocket-Extensions": offerText(deflate) }),
  };
}

/** The subprotocol in use ("" for none) and the compression, or what is wrong with the answer. */
export type Acceptance =
  { readonly protocol: string; readonly deflate: DeflateTerms | undefined } | { readonly flaw: string };

/** Judges a 101 answer (§4.1, numbered list at its end). */
export function readAcceptance(
  response: Pick<HandshakeRequest, "httpVersion" | "headers" | "rawHeaders">,
  key: string,
  protocols: readonly string[],
  offered?: Required<DeflateOptions>,
): Acceptance {
  const header = (name: string): string | undefined => {
    const value = response.headers[name];
    return typeof value === "string" ? value : value?.join(", ");
  };
  if (!isHttp11(response.httpVersion)) return { flaw: "HTTP version below 1.1" };
  if (header("upgrade")?.trim().toLowerCase() !== "websocket") return { flaw: "Upgrade is not websocket" };
  if (!listHas(header("connection"), "upgrade")) return { flaw: "Connection does not name upgrade" };
  for (const name of ["sec-websocket-accept", "sec-websocket-protocol", "sec-websocket-extensions"]) {
    if (countLines(response.rawHeaders, name) > 1) return { flaw: `${name} comes twice` }; // §11.3.2, §11.3.3, §11.3.4
  }
  if (header("sec-websocket-accept")?.trim() !== acceptKeyFor(key)) {
    return { flaw: "Sec-WebSocket-Accept does not answer our key" };
  }
  const extensions = header("sec-websocket-extensions");
  if (extensions !== undefined && offered === undefined) return { flaw: "an extension we did not offer" }; // §5.8, §9
  const deflate = extensions === undefined || offered === undefined ? undefined : readAnswer(extensions, offered);
  if (typeof deflate === "string") return { flaw: deflate };
  const protocol = header("sec-websocket-protocol");
  if (protocol === undefined) return { protocol: "", deflate };
  return protocols.includes(protocol) ? { protocol, deflate } : { flaw: `subprotocol ${protocol} was not offered` };
}
