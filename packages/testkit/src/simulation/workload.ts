// What clients do all day: publish alone and in bursts, follow and stop following, read back, call, come and go.

import type { SeededRandom } from "@heddle/base/fakes";
import type { Plan } from "./plan.ts";
import { channelNames, kindOf } from "./sim-application.ts";
import type { SimClient } from "./sim-client.ts";

/** Where members gather. Everybody watches it all the time, so nobody follows its entries. */
export const presenceChannel = "hall/1";

type WorkPlan = Pick<Plan, "isHeavy"> & Partial<Pick<Plan, "hasForgedPositions" | "isGathering">>;
type SubscribeOptions = NonNullable<Parameters<SimClient["follow"]>[1]>;

/** One random act. Anything it begins ends by itself. */
export function act(client: SimClient, random: SeededRandom, plan: WorkPlan): void {
  if (plan.isGathering === true && random.chance(0.7)) return comeOrGo(client, random);
  const dice = random.float();
  const ch = random.pick(channelNames);
  if (dice < 0.4) return publishSome(client, random, plan, ch);
  if (dice < 0.62) return followOrNot(client, random, plan, ch);
  if (dice < 0.7) return client.readHistory(ch);
  if (dice < 0.76) {
    const own = client.lastPublished;
    return own === undefined ? client.readHistory(ch) : client.readHistory(own.ch, own.pos);
  }
  if (dice < 0.84) return client.call(random.chance(0.5) ? "charge" : "add");
  if (dice < 0.87) return client.stream();
  if (dice < 0.9) return client.sayTyping(ch);
  if (dice < 0.95) return comeOrGo(client, random);
  client.publish(ch, { isBad: true });
}

function comeOrGo(client: SimClient, random: SeededRandom): void {
  if (random.chance(0.6)) client.enter(presenceChannel);
  else client.leave(presenceChannel);
}

function publishSome(client: SimClient, random: SeededRandom, plan: Pick<Plan, "isHeavy">, ch: string): void {
  const count = random.chance(0.25) ? random.between(3, plan.isHeavy ? 30 : 12) : 1;
  const size = plan.isHeavy ? random.between(200, 4_000) : 0;
  for (let index = 0; index < count; index++) {
    client.publish(ch, { size, until: random.chance(0.2) ? "echo" : "accepted" });
  }
}

/** A position as nobody was given it: with a tag that no entry has, where entries may stand. */
function forged(
  client: SimClient,
  random: SeededRandom,
  { hasForgedPositions = false }: WorkPlan,
  ch: string,
): SubscribeOptions | undefined {
  const known = client.lastPublished;
  if (!hasForgedPositions || known?.ch !== ch || kindOf(ch)?.forbids?.includes("history") === true) return undefined;
  const [epoch, offset] = known.pos;
  return { at: { position: [epoch, random.between(1, offset), random.pick([0, 1, 1])] } };
}

function followOrNot(client: SimClient, random: SeededRandom, plan: WorkPlan, ch: string): void {
  if (!client.isFollowing(ch)) return client.follow(ch, forged(client, random, plan, ch) ?? startOf(random, ch));
  client.unfollow(ch);
  // Often soon again: frames of the old subscription are still under way.
  if (!random.chance(0.5)) return;
  client.clock.after(1, () => {
    if (!client.isFollowing(ch) && !client.isClosed) client.follow(ch, startOf(random, ch));
  });
}

function startOf(random: SeededRandom, ch: string): SubscribeOptions {
  const kind = kindOf(ch);
  if (kind?.forbids?.includes("history")) return { at: "live" };
  if (kind?.snapshot !== undefined && random.chance(0.3)) return { at: "snap" };
  return random.chance(0.3) ? { at: { last: random.between(1, 20) } } : { at: "live" };
}
