// The chat's rules: who may do what in a room, what is stamped on a message, and which rooms there are.

import type { HeddleServer } from "@heddle/server";
import type { Playground } from "../contract.ts";

const standingRooms = ["general", "weaving", "random"];
/** Rooms announced at once; the oldest opened one makes way. */
const roomsMax = 60;

export function setUpChat(server: HeddleServer<Playground>): void {
  // The lobby's own history says which rooms were opened, by this process, an earlier one, or another beside it.
  const roomsNow = async (): Promise<string[]> => {
    const { events } = await server.channel("lobby").history({}, { last: roomsMax });
    return [...new Set([...standingRooms, ...events.map(({ payload }) => payload.room)])];
  };
  const stampOf = ({
    user,
    now,
  }: {
    readonly user: { readonly id: string; readonly claims: Claims };
    readonly now: number;
  }) => ({
    from: user.id,
    name: String(user.claims["name"]),
    isBot: user.claims["isBot"] === true,
    at: now,
  });

  server
    .channel("room")
    // Everybody here is signed in; a room is open to all of them.
    .authorize(({ user }) => !user.isAnonymous)
    .on("message", (message, context) => ({ ...message, ...stampOf(context) }))
    .on("typing", (typing, context) => {
      const { from, name } = stampOf(context);
      return { ...typing, from, name };
    });

  server
    .channel("lobby")
    // What is in the lobby comes from `openRoom` alone.
    .authorize(({ user, action }) => !user.isAnonymous && action !== "publish")
    .snapshot(async () => ({ rooms: await roomsNow() }));

  server.call("openRoom", async ({ room }) => {
    if ((await roomsNow()).includes(room)) return { room };
    await server.channel("lobby").publish({}, "opened", { room });
    return { room };
  });
}

type Claims = Readonly<Record<string, unknown>>;
