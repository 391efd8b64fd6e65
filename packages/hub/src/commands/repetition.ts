// Whether a publish that was refused is the repetition of one that was accepted. A hook or a right that has changed since
// must not deny what already stands in the log: its publisher would be told that it was never accepted.

import type { Pos } from "@heddle/protocol";
import type { Origin, Publication } from "../channel/publisher.ts";
import type { Appended, ChannelPolicy } from "../ports/index.ts";
import type { Session } from "../session/session.ts";

/** No log has this epoch: an append that expects it is recognised as a repetition, or changes nothing. */
const nowhere: Pos = { epoch: "-", offset: 0, tag: 1 };
const empty: Publication = { event: "", json: "null" };

/**
 * The answer the publish was given before; undefined when it was not accepted, or when the engine cannot say. Asked about
 * refused publishes alone: all others meet their record when they are appended.
 *
 * @throws {EngineError} when the store does not say: then nobody may say that it was not accepted
 */
export async function acceptedBefore(
  { node }: Session,
  channel: string,
  { keep }: ChannelPolicy,
  origin: Origin,
): Promise<Extract<Appended, { s: "dup" }> | undefined> {
  if (!node.engine.traits.cas) return undefined;
  const asked = { ...origin, expect: nowhere };
  const appended = await node.admission.run(() => node.publisher.append(channel, keep, empty, asked));
  return appended.s === "dup" ? appended : undefined;
}
