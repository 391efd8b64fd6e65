// Which subprotocol a connection speaks, and how a client that speaks none of ours is told.

import { closeCodes, jsonCodec, tabsSubprotocol, type Codec } from "@heddle/protocol";
import type { WebSocketConnection } from "@heddle/websocket";

const familyPrefix = "heddle.";

/** What one server speaks: JSON, and what it was given besides. */
export class Subprotocols {
  readonly #codecs: ReadonlyMap<string, Codec>;

  constructor(besides: readonly Codec[]) {
    this.#codecs = new Map([jsonCodec, ...besides].map((codec) => [codec.subprotocol, codec]));
  }

  /**
   * The client's first that is spoken here. Else its first of our family, if any: it is echoed so that a browser completes
   * the handshake and can be told the reason (it would see only 1006 otherwise).
   */
  select(offered: readonly string[]): string | undefined {
    const isSpoken = (name: string): boolean => this.#codecs.has(name) || name === tabsSubprotocol;
    return offered.find(isSpoken) ?? offered.find((name) => name.startsWith(familyPrefix));
  }

  /** How the two sides speak; undefined when they do not understand each other. A client that offered nothing gets JSON. */
  codecOf(agreed: string, hasOffered: boolean): Codec | undefined {
    return agreed === "" && !hasOffered ? jsonCodec : this.#codecs.get(agreed);
  }

  /** Says that there is no common one and closes. */
  refuse(connection: WebSocketConnection): void {
    const { code } = closeCodes.noCommonVersion;
    const why = `only ${[...this.#codecs.keys()].join(" and ")} is spoken here`;
    connection.start({
      onText() {},
      onBinary() {},
      onClose() {},
    });
    connection.sendText(JSON.stringify({ t: "bye", code, why }));
    connection.close(code, why);
  }
}
