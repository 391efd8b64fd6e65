// Both sides together: the application's own server and clients, over a bad network.
import { createClient } from "@heddle/client";
import { memoryNetwork, recordDeliveries, virtualTime } from "@heddle/testkit";
import { expect, it } from "vitest";
import { chatServer } from "./chat-server.ts";
import { ChatRoom } from "./chat-room.ts";
import type { chat } from "./contract.ts";

async function startChat() {
  const time = virtualTime();
  const net = memoryNetwork({ clock: time });
  await net.listen(chatServer({ ...net.serverOptions(), auth: (user) => (user ? { user } : null) }));
  const client = (user: string) => createClient<typeof chat>({ ...net.clientOptions(user), token: () => user });
  return { time, net, client };
}

it("gives everybody everything once and in order, however often the network breaks", async () => {
  const { time, net, client } = await startChat();
  const seen = recordDeliveries(client("bob").channel("room", { roomId: "lobby" }));
  const ada = new ChatRoom(client("ada"), "lobby");
  await time.settle();
  const said: Promise<void>[] = [];
  for (let turn = 1; turn <= 20; turn++) {
    net.kill(turn % 2 === 0 ? "ada" : "bob");
    said.push(ada.say(`line ${turn}`));
    await time.advance(1_000);
  }
  await time.run(Promise.all(said), { withinMs: 300_000 });
  await time.advance(60_000);
  seen.expectDelivered(said.map((_, index) => ({ text: `line ${index + 1}`, from: "ada" })));
  seen.expectInOrder();
  seen.expectNoGap();
});

it("refuses shouting, and says so to whoever shouts alone", async () => {
  const { time, client } = await startChat();
  const [ada, bob] = [new ChatRoom(client("ada"), "lobby"), new ChatRoom(client("bob"), "lobby")];
  await time.run(ada.say("HELLO"));
  expect([ada.banner, bob.banner, bob.lines]).toEqual(["please do not shout", "", []]);
});
