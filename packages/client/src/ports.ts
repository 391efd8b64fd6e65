// Where what an application may leave out takes hold of the client and its channels. Types alone pass here: whoever imports
// a part brings its code, and a bundle without it has none.

import type { WirePos } from "@heddle/protocol";
import type { Send } from "./connection/send.ts";
import type { newPresence, ChannelPresence } from "./channel/presence.ts";
import type { Asks, newAsks } from "./requests/asks.ts";
import type { Ask } from "./requests/requests.ts";
import type { Sender } from "./requests/sender.ts";

/** Key of what is between the client and its parts, out of the application's sight. */
export const ports: unique symbol = Symbol();

export interface ChannelPorts {
  readonly name: string;
  readonly [ports]: readonly [
    /** Asks about this channel; connects first. */
    ask: Ask,
    /** The presence of this channel: made at the first call, the same ever after. */
    presence: (make: typeof newPresence) => ChannelPresence,
  ];
}

export interface ClientPorts {
  readonly [ports]: readonly [
    /** How questions of the server are answered: made at the first call. Before that each is refused. */
    asks: (make: typeof newAsks) => Asks[0],
    connect: () => void,
    ask: Ask,
    send: Send,
    restart: (why: string, afterMs?: number) => void,
  ];
}

/** Where a subscription goes on: a position, and the ticket that goes with it. */
export type Stand = readonly [position: WirePos, ticket: string | undefined];

export interface KeptPorts {
  readonly [ports]: readonly [
    /** Takes on a client, once: its sender sends what earlier runs left, and keeps what this one, with this `pid`, publishes. */
    attach: (sender: Sender, pid: string) => Sender,
    /** What `hello` says of who we were without a user. */
    hello: () => { readonly an?: string },
    standOf: (channel: string) => Stand | undefined,
    /** The application has handled a channel up to here. */
    handled: (channel: string, position: WirePos | undefined, ticket: string | undefined) => void,
  ];
}

declare const types: unique symbol;
/** Carries the contract's types of a client or channel to functions that are given it. Not there at run time. */
export interface Typed<Types> {
  readonly [types]?: Types;
}
