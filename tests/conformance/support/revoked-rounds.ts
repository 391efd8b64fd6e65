// A hundred users taken back at once on one node, ten times over, who are connected to another.

import { jwt, signToken } from "@heddle/auth-jwt";
import type { Engine } from "@heddle/hub/ports";
import { expect } from "vitest";
import { startChat } from "./chat.ts";
import { RawClient } from "./raw-client.ts";

const secret = "a secret for these tests, 32 bytes and more";
const [rounds, usersPerRound] = [10, 100];

/**
 * @param engineOf  the engine of the node of this name, on a store all of them share
 * @returns rounds in which nobody got anything
 */
export async function revokeInRounds(engineOf: (node: string) => Engine): Promise<number> {
  const start = (node: string) => startChat({ engine: engineOf(node), secret, auth: jwt({ secret }) });
  await using here = await start("here");
  await using there = await start("there");
  const at = (url: string) => `${url}/realtime`;
  for (let round = 0; round < rounds; round++) {
    const users = Array.from({ length: usersPerRound }, (_, index) => `u${round}-${index}`);
    const tokens = await Promise.all(users.map((user) => signToken({ secret, user })));
    const room = `room/${round}`;
    const subs = [{ r: 1, ch: room, at: "live" }];
    const clients = await Promise.all(tokens.map((k) => RawClient.greet(at(there.url), { k, subs })));
    await Promise.all(clients.map((client) => client.answer(1)));
    await Promise.all(users.map((user) => here.server.revoke({ user })));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await here.server.channel("room").publish({ roomId: String(round) }, "message", { text: "late" });
    expect(await Promise.all(clients.map(async ({ closed }) => (await closed).code))).toEqual(users.map(() => 4102));
    expect(clients.flatMap(({ frames }) => frames.filter(({ t }) => t === "m"))).toEqual([]);
    if (round < rounds - 1) continue;
    await using later = await start("later");
    for (const { url } of [here, there, later])
      for (const k of tokens.slice(0, 10)) await expect(RawClient.greet(at(url), { k })).rejects.toThrow(/4102/);
  }
  return rounds;
}
