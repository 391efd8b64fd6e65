// Payloads of bytes: base64 text in frames, `Uint8Array` for the application.

import { base64Encode } from "@heddle/base";
import type { ServerFrame } from "@heddle/protocol";
import { bytesOf } from "./bytes-of.ts";
import type { BareChannel, ChannelPublishOptions } from "./channel/channel-api.ts";
import type { Published, WithBytes } from "./outbox/outbox.ts";

/** A frame whose payload, if it is bytes, is that. @throws when the text is no frame, or `b` no base64 */
export function parseWithBytes(text: string): ServerFrame {
  const frame = JSON.parse(text) as ServerFrame;
  if (frame.t === "m" && frame.b !== undefined) Object.assign(frame, { b: bytesOf(frame.b) });
  return frame;
}

/** Bytes as a payload, which are copied now. Else as `publish`. */
export function publishBytes(
  channel: Pick<BareChannel, "publish">,
  event: string,
  bytes: Uint8Array,
  how: ChannelPublishOptions = {},
): Promise<Published> {
  const withBytes: ChannelPublishOptions & WithBytes = { ...how, b: base64Encode(bytes) };
  return channel.publish(event, undefined, withBytes);
}
