// The targets there are, by the names the command takes.

import { zlibCodec } from "../../deflate/zlib-codec.ts";
import { framesTarget } from "./frames-target.ts";
import { handshakeTarget, ourAnswerer } from "./handshake-target.ts";
import { inflateTarget } from "./inflate-target.ts";
import type { FuzzTarget } from "./target.ts";

export const targets: readonly FuzzTarget[] = [framesTarget, handshakeTarget(ourAnswerer()), inflateTarget(zlibCodec)];
