import { jwt, signToken } from "@heddle/auth-jwt";
import { memoryEngine, MemoryStore } from "@heddle/server";
import { describe, expect, it } from "vitest";
import { startChat, type RunningChat } from "../support/chat.ts";
import { clientOf, online, reachable, type ChatClient } from "../support/clients.ts";
import { Inbox } from "../support/inbox.ts";
import { unicastOutcome } from "../support/transports.ts";

const secret = "a secret that both nodes know, 32+";

/** Servers over one store, whose tokens are signed. */
function cluster(): { start(node: string): Promise<RunningChat> } {
  const store = new MemoryStore();
  return { start: (node) => startChat({ engine: memoryEngine({ store, node }), secret, auth: jwt({ secret }) }) };
}

/** A client that is given tokens of this user. */
const signedIn = (chat: RunningChat, user: string, claims: Record<string, unknown> = {}): ChatClient =>
  clientOf(chat, user, { token: () => signToken({ secret, user, claims }) });

/** Why each client waits or was closed. */
function endsOf(client: ChatClient): Inbox<string> {
  const ends = new Inbox<string>();
  client.onState((state) => {
    if (state.name === "waiting" || state.name === "closed") ends.take(`${state.name} ${state.code} ${state.why}`);
  });
  return ends;
}

describe("one server of several", () => {
  it("reaches users and connections of the others", async () => {
    const nodes = cluster();
    await using one = await nodes.start("n1");
    await using two = await nodes.start("n2");
    await using there = signedIn(two, "ada");
    const notices = new Inbox<string>();
    there.onNotice("notify", ({ text }) => notices.take(text));
    const connectionId = await reachable(two, there);
    expect(await one.server.connection(connectionId).send("notify", { text: "to you" })).toBe(unicastOutcome());
    await one.server.user("ada").send("notify", { text: "to ada" });
    await one.server.broadcast("notify", { text: "to all" });
    expect((await notices.nextOf(3)).toSorted()).toEqual(["to ada", "to all", "to you"]);
    const now = await reachable(two, there, [connectionId]);
    expect(await one.server.user("ada").connections()).toEqual({
      connections: [{ connectionId: now, node: "n2" }],
      count: 1,
      missing: [],
    });
    expect(await one.server.nodes()).toMatchObject({
      nodes: [{ node: "n1" }, { node: "n2", connections: 1 }],
      missing: [],
    });
  });

  it("shows a user out everywhere", async () => {
    const nodes = cluster();
    await using one = await nodes.start("n1");
    await using two = await nodes.start("n2");
    await using here = signedIn(one, "ada");
    await using there = signedIn(two, "ada");
    const ends = [endsOf(here), endsOf(there)];
    await reachable(two, there, [await reachable(one, here)]);
    expect(await one.server.user("ada").disconnect("house rules")).toEqual({ count: 2, missing: [] });
    for (const inbox of ends) expect(await inbox.next()).toBe("closed 4403 house rules");
  });
});

describe("a revocation", () => {
  it("ends sessions on every node, and no node takes the token again, one that starts later included", async () => {
    const nodes = cluster();
    await using one = await nodes.start("n1");
    await using two = await nodes.start("n2");
    await using ada = signedIn(two, "ada");
    await using bob = signedIn(two, "bob");
    const ends = endsOf(ada);
    await Promise.all([ada, bob].map(online));
    expect(await one.server.revoke({ user: "ada" }, "lost phone")).toEqual({ missing: [] });
    expect(await ends.next()).toBe("waiting 4102 lost phone");
    expect(bob.state.name).toBe("online");
    await using three = await nodes.start("n3");
    await using old = signedIn(three, "ada");
    const refused = endsOf(old);
    old.connect();
    expect(await refused.next()).toBe("waiting 4102 lost phone");
  });

  it("of one sign-in leaves the user's others alone", async () => {
    const nodes = cluster();
    await using one = await nodes.start("n1");
    await using two = await nodes.start("n2");
    await using phone = signedIn(two, "ada", { sid: "phone" });
    await using desk = signedIn(two, "ada", { sid: "desk" });
    const ends = endsOf(phone);
    await Promise.all([phone, desk].map(online));
    await one.server.revoke({ claim: { name: "sid", value: "phone" } });
    expect(await ends.next()).toBe("waiting 4102 revoked");
    expect(desk.state.name).toBe("online");
  });
});
