import { createClient } from "@heddle/client";
import { memoryNetwork, recordDeliveries, virtualTime } from "@heddle/testkit";
import { createServer } from "@heddle/server";
import { describe, expect, it } from "vitest";
import { channel, defineContract } from "@heddle/protocol/contract";
import { z } from "zod";

const contract = defineContract({
  channels: { room: channel({ params: { roomId: z.string() }, events: { message: z.string() } }) },
});
const room = { roomId: "lobby" };
const dropCount = 50;
const quietMs = 600_000;

describe("a whole client under virtual time", () => {
  // socketio/socket.io#4534: timers that fake clocks do not reach made their client suite untestable under them.
  it("connects, is dropped fifty times, backs off, and is quiet for ten minutes, without waiting for any of it", async () => {
    const time = virtualTime();
    const net = memoryNetwork({ clock: time });
    const server = createServer({ ...net.serverOptions(), contract, auth: (user) => (user ? { user } : null) });
    await net.listen(server);
    const client = createClient<typeof contract>({ ...net.clientOptions("ada"), token: () => "ada" });
    const seen = recordDeliveries(client.channel("room", room));
    let waits = 0;
    client.onState(({ name }) => void (name === "waiting" && waits++));
    await time.until(() => client.state.name === "online");

    const texts: string[] = [];
    for (let drop = 1; drop <= dropCount; drop++) {
      net.kill("ada", drop % 10 === 0 ? "silent" : "at-once");
      texts.push(`while away ${drop}`);
      await server.channel("room").publish(room, "message", `while away ${drop}`);
      await time.until(() => client.state.name !== "online", { withinMs: 120_000 });
      await time.until(() => client.state.name === "online", { withinMs: 300_000 });
    }
    await time.advance(quietMs);
    texts.push("after the quiet");
    await server.channel("room").publish(room, "message", "after the quiet");
    await time.settle();

    expect(client.state.name).toBe("online");
    expect(waits).toBe(dropCount);
    seen.expectDelivered(texts);
    seen.expectInOrder();
    seen.expectNoGap();
    expect(time.monotonicMs()).toBeGreaterThan(quietMs);
  });
});
