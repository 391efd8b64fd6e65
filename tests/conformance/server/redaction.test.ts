// Secrets of clients, marked, through as many failures as there are: none of them may stand in anything an operator reads.

import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { startChat } from "../support/chat.ts";
import { RawClient } from "../support/raw-client.ts";

const mark = "MARKED-SECRET";
const [good, bad] = [`${mark}-good`, `${mark}-bad`];
const hello = (k: string, over: object = {}): object => ({ t: "hello", v: 1, pid: "raw-client", k, ...over });

describe("what an operator reads", () => {
  it("holds no token, cookie or resume secret, whatever failed", async () => {
    await using running = await startChat({
      cookie: "session",
      auth: (token) => {
        if (token === `${mark}-outage`) throw new Error("the user store is down");
        return token === good ? { user: "ada" } : null;
      },
    });
    const { url, server, logger } = running;
    const realtime = `${url}/realtime`;
    const fails = async (...said: (object | string)[]): Promise<void> => {
      const client = await RawClient.connect(realtime);
      for (const each of said) {
        if (typeof each === "string") client.socket.send(each);
        else client.say(each);
      }
      await client.closed;
    };
    const client = await RawClient.greet(realtime, { k: good });
    const resumeSecret = String(client.frames.find(({ t }) => t === "welcome")?.["rs"]);
    expect(resumeSecret.length).toBeGreaterThan(20);

    await fails(hello(bad));
    await fails(hello(`${mark}-outage`));
    await fails(`{"t":"hello","v":1,"k":"${bad}`);
    await fails(hello(bad, { v: 9 }));
    await fails(hello(bad, { subs: bad }));
    await fails(hello(good, { prev: `${resumeSecret}x` }), { t: "auth", r: 1, k: bad }, hello(good));
    await fails(hello(good), `{"t":"!${bad}"}`);
    await fails({ t: bad, k: bad });
    const bodies = [JSON.stringify(hello(bad)), `{"k":"${bad}"`, `${JSON.stringify(hello(bad))}\n{"t":"pub"`];
    for (const path of ["stream", "poll", "frames", `nowhere?token=${bad}`])
      for (const body of bodies) {
        const headers = { Authorization: `Bearer ${bad}`, Cookie: `session=${bad}`, "Sec-Fetch-Site": "same-origin" };
        const response = await fetch(`${realtime}/${path}`, { method: "POST", headers, body });
        expect(response.status).toBeGreaterThanOrEqual(200);
        await response.body?.cancel();
      }
    const cookie = { Cookie: `session=${bad}`, "Sec-Fetch-Site": "same-origin" };
    await (await fetch(`${realtime}/stream?ch=room%2F1&k=${bad}`, { headers: cookie })).body?.cancel();
    await expect(RawClient.connect(`${realtime}?token=${bad}`, { origin: `https://${bad}.example` })).rejects.toThrow();
    client.say({ t: "call", r: 5, op: bad, d: bad }, { t: "sub", r: 6, ch: bad, at: "live" });
    await client.answer(6);

    const metrics = await (await fetch(`${url}/metrics`)).text();
    const all = inspect([logger.lines, server.stats(), metrics], { depth: Infinity, maxStringLength: null });
    expect(logger.lines.length).toBeGreaterThan(0);
    expect(all).not.toMatch(new RegExp(mark, "i"));
    expect(all).not.toContain(resumeSecret.slice(resumeSecret.indexOf(".") + 1));
  });
});
