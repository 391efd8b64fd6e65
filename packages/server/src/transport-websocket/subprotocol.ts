// Which subprotocol a connection speaks, and how a client that speaks none of ours is told.

import { closeCodes, jsonSubprotocol } from "@heddle/protocol";
import type { WebSocketConnection } from "@heddle/websocket";

const familyPrefix = "heddle.";

/**
 * The JSON codec when it is offered. Else the client's first of our family, if any: it is echoed so that a browser
 * completes the handshake and can be told the reason (it would see only 1006 otherwise).
 */
export function selectSubprotocol(offered: readonly string[]): string | undefined {
  if (offered.includes(jsonSubprotocol)) return jsonSubprotocol;
  return offered.find((name) => name.startsWith(familyPrefix));
}

/** Whether the two sides understand each other. A client that offered nothing gets the JSON codec. */
export const isSpoken = (agreed: string, hasOffered: boolean): boolean =>
  agreed === jsonSubprotocol || (agreed === "" && !hasOffered);

/** Says so and closes. */
export function sayNoCommonVersion(connection: WebSocketConnection): void {
  const { code } = closeCodes.noCommonVersion;
  const why = `only ${jsonSubprotocol} is spoken here`;
  connection.start({
    onText() {},
    onBinary() {},
    onClose() {},
  });
  connection.sendText(JSON.stringify({ t: "bye", code, why }));
  connection.close(code, why);
}
