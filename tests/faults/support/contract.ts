// The simulation's channels as a contract, for a server made of the public parts.

import { call, channel, defineContract, stream, volatile } from "@heddle/protocol/contract";
import { channelKinds } from "@heddle/testkit/simulation";
import { z } from "zod";

const payload = z.looseObject({ h: z.string(), isBad: z.boolean().optional(), k: z.string().optional() });

const keyOf = (event: { readonly payload: z.infer<typeof payload> | { readonly h: string } }): string =>
  "k" in event.payload && typeof event.payload.k === "string" ? event.payload.k : "";

const kind = (name: keyof typeof channelKinds) => {
  const { entries = 10, mode, everyMs = 0 } = channelKinds[name] ?? {};
  const common = {
    params: { n: z.string() },
    events: { message: payload, typing: volatile(z.object({ h: z.string() })) },
    member: z.object({ proc: z.string() }),
    history: { entries },
  };
  switch (mode) {
    case "key":
      return channel({ ...common, slow: { latestBy: keyOf }, everyMs });
    case "latest":
      return channel({ ...common, slow: mode, everyMs });
    case "volatile":
      return channel({ ...common, slow: mode });
    default:
      return channel(common);
  }
};

export const contract = defineContract({
  channels: {
    big: kind("big"),
    small: kind("small"),
    capped: kind("capped"),
    quote: kind("quote"),
    board: kind("board"),
    pulse: kind("pulse"),
    guarded: kind("guarded"),
    blind: kind("blind"),
    mine: kind("mine"),
    hall: kind("hall"),
    closed: kind("closed"),
  },
  calls: {
    add: call({ input: z.number(), output: z.object({ got: z.number() }) }),
    charge: call({ input: z.number(), output: z.object({ got: z.number() }), idempotent: true }),
    count: call({ input: z.number(), output: stream(z.object({ n: z.number(), pad: z.string() })) }),
  },
});

/** Who may read everything: the reader at the end. */
export const readerName = "reader";
