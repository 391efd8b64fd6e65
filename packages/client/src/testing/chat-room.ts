import { createClient, LocalError, type Client } from "@heddle/client";
import { call, channel, defineContract, volatile } from "@heddle/protocol/contract";
import { z } from "zod";

const chat = defineContract({
  channels: {
    room: channel({
      params: { roomId: z.string() },
      events: { message: z.object({ text: z.string() }), typing: volatile(z.object({ on: z.boolean() })) },
      member: z.object({ name: z.string() }),
    }),
  },
  calls: { placeOrder: call({ input: z.object({ id: z.string() }), output: z.string(), idempotent: true }) },
});

export async function enter(url: string, token: () => Promise<string>): Promise<Client<typeof chat>> {
  const client = createClient<typeof chat>({ url, token });
  client.onState((state) =>
    console.log(state.name === "waiting" ? `${state.why}: again in ${state.retryInMs} ms` : state.name),
  );

  const room = client.channel("room", { roomId: "42" }, { presence: true });
  room.on("message", ({ text }, { position, id }) => console.log(position, id, text)); // subscribes
  room.onGap(({ why, from, to }) => console.log("missed", why, from, to));
  room.presence.onChange(({ members }) => console.log([...members.values()].map(({ data }) => data.name)));

  await room.ready();
  for await (const { payload } of room.history({ before: room.attachedAt, limit: 20 })) console.log(payload);
  await room.presence.enter({ name: "Ada" });
  void room.publish("typing", { on: true }, { volatile: true });

  try {
    const { position } = await room.publish("message", { text: "hi" }, { until: "echo" });
    console.log("stored, and seen in the stream, at", position);
  } catch (error) {
    if (error instanceof LocalError && error.outcome === "unknown")
      console.log("nobody can tell whether it was stored");
    else throw error; // a HeddleError: it was refused, and `code`, `why` and `issues` say by which rule
  }
  console.log(await client.call("placeOrder", { id: "7f3" }, { idempotent: true })); // repeated if the link breaks
  return client; // client.close() ends it
}
