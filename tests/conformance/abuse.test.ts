// Each attack in its short form, against a real server on real sockets, with an honest client beside it. The long form, with
// many attackers and measurements, is `npm run abuse`.

import { describe, expect, it } from "vitest";
import { attacks } from "../abuse/attacks.ts";
import type { Seen } from "../abuse/peer.ts";
import { targetServer } from "../abuse/target-server.ts";
import { RawClient } from "./support/raw-client.ts";

describe("under attack the server", () => {
  it.each(attacks.map((attack) => [attack.defence, attack] as const))("%s", async (_defence, attack) => {
    await using server = targetServer({ ...attack.limits, ...attack.shortLimits });
    const { url, port } = await server.listen({ port: 0, host: "127.0.0.1" });
    await using honest = await RawClient.greet(`${url}/realtime`, { k: "ada" });
    honest.say({ t: "sub", r: 1, ch: "room/honest", at: "live" });
    await honest.answer(1);
    const seen: Seen = new Map();
    let isOver = false;
    const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
    const target = {
      port,
      seen,
      pause,
      floodFrames: 3_000,
      get isOver() {
        return isOver;
      },
    };
    await Promise.all([attack.round(target), attack.round(target)]);
    isOver = true;
    for (const what of attack.shows)
      expect([what, [...seen]]).toEqual([what, expect.arrayContaining([[what, expect.any(Number)]])]);
    honest.say({ t: "pub", r: 2, ch: "room/honest", e: "message", n: 1, pn: 0, d: { text: "still here" } });
    expect(await honest.answer(2)).toMatchObject({ t: "ok" });
    await honest.next("m", ({ d }) => (d as { text?: string }).text === "still here");
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});
