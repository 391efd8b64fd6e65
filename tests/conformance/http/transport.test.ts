// The HTTP transport over real sockets: streams, polls and posted frames have what a WebSocket has.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { wireLimits } from "@heddle/protocol";
import { serverLimits } from "@heddle/server";
import { startChat, type RunningChat } from "../support/chat.ts";
import { EventReader, framesOf, helloOf, post, type WireFrame } from "./posting.ts";

let chat: RunningChat;
let abort: AbortController;
beforeEach(async () => {
  chat = await startChat();
  abort = new AbortController();
});
afterEach(async () => {
  abort.abort();
  await chat[Symbol.asyncDispose]();
});

const say = (text: string): Promise<unknown> =>
  chat.server.channel("room").publish({ roomId: "1" }, "message", { text });
const pub = (n: number, text: string): object => ({
  ...{ t: "pub", r: n, ch: "room/1", e: "message", n, pn: n - 1, d: { text } },
});
const textsOf = (frames: readonly WireFrame[]): string[] =>
  frames.filter(({ t }) => t === "m").map(({ d }) => (d as { text: string }).text);
const subs = (at: unknown): object => ({ subs: [{ r: 1, ch: "room/1", at }] });
const openStream = async (hello: object): Promise<EventReader> =>
  new EventReader(await post(chat.url, "stream", [hello], { signal: abort.signal }));

describe("a stream", () => {
  it("brings what a WebSocket would, as events, and says how it is not to be buffered", async () => {
    const response = await post(chat.url, "stream", [helloOf("ann", subs("live"))], { signal: abort.signal });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(response.headers.get("cache-control")).toBe("no-store, no-transform");
    expect(response.headers.get("x-accel-buffering")).toBe("no");
    const stream = new EventReader(response);
    await stream.next("subd", ({ ch }) => ch === "room/1");
    for (const text of ["one", "two", "three"]) await say(text);
    await stream.next("m", ({ d }) => (d as { text: string }).text === "three");
    expect(textsOf(stream.frames)).toEqual(["one", "two", "three"]);
    expect(stream.frames[0]).toMatchObject({ t: "welcome", u: "ann" });
  });

  it("goes on from a position, and the client's older stream ends with 4410", async () => {
    const first = await openStream(helloOf("ann", subs("live")));
    const { p } = await first.next("subd", ({ ch }) => ch === "room/1");
    const { rs } = await first.next("welcome");
    await say("one");
    await first.next("m");
    const second = await openStream(helloOf("ann", { prev: rs, ...subs(["pos", ...(p as unknown[])]) }));
    expect(await second.next("subd", ({ ch }) => ch === "room/1")).toMatchObject({ rec: "full" });
    expect(await second.next("m")).toMatchObject({ d: { text: "one" } });
    expect(await first.next("bye")).toMatchObject({ code: 4410 });
    await first.over();
  });

  it("is one session less for the server once its client is gone", async () => {
    const stream = await openStream(helloOf("ann"));
    await stream.next("welcome");
    expect(chat.server.stats().connections).toBe(1);
    abort.abort();
    await expect.poll(() => chat.server.stats().connections).toBe(0);
  });

  it("ends with a bye when the server closes", async () => {
    const stream = await openStream(helloOf("ann"));
    await stream.next("welcome");
    await chat.server.close({ spreadMs: 0 });
    expect(await stream.next("bye")).toMatchObject({ code: 4000 });
    await stream.over();
  });

  it("takes its token from the header", async () => {
    const response = await post(chat.url, "stream", [helloOf(undefined)], {
      headers: { authorization: "Bearer ann" },
      signal: abort.signal,
    });
    expect(await new EventReader(response).next("welcome")).toMatchObject({ u: "ann" });
  });

  it("of one channel is read by curl, and its ids are where to go on", async () => {
    await say("before");
    const read = async (lastId?: string): Promise<string> => {
      const more = lastId === undefined ? [] : ["-H", `Last-Event-ID: ${lastId}`];
      const curl = spawn("curl", [
        "-sN",
        "-H",
        "Authorization: Bearer ann",
        ...more,
        `${chat.url}/realtime/stream?ch=room%2F1`,
      ]);
      let text = "";
      curl.stdout.on("data", (chunk: Buffer) => (text += String(chunk)));
      await expect.poll(() => text).toContain('"t":"subd"');
      if (lastId === undefined) await say("one");
      await expect.poll(() => text).toContain('"t":"m"');
      curl.kill();
      await once(curl, "close");
      return text;
    };
    const first = await read();
    expect(first).toContain('"text":"one"');
    expect(first).not.toContain('"text":"before"');
    const ids = [...first.matchAll(/^id: (\S+)$/gm)].map(([, id]) => id as string);
    expect(ids).toHaveLength(2);
    await say("two");
    const second = await read(ids[1]);
    expect(second).toContain('"rec":"full"');
    expect(second).toContain('"text":"two"');
    expect(second).not.toContain('"text":"one"');
  });
});

describe("a poll", () => {
  const poll = async (hello: object): Promise<WireFrame[]> => framesOf(await post(chat.url, "poll", [hello]));

  it("answers at once with what there is, and where every subscription stands behind it", async () => {
    for (const text of ["one", "two"]) await say(text);
    const frames = await poll(helloOf("ann", subs(["last", 10])));
    expect(textsOf(frames)).toEqual(["one", "two"]);
    const { c } = frames.find(({ t, ch }) => t === "subd" && ch === "room/1") as WireFrame;
    const closing = frames.findLast(({ t, c: alias }) => t === "live" && alias === c) as WireFrame;
    expect((closing["p"] as unknown[])[1]).toBe(2);
    expect(closing["more"]).toBe(undefined);
  });

  it("waits for what comes, and one after another brings everything once, in order", async () => {
    const carried = new Map<string, unknown>();
    const got: string[] = [];
    const next = async (): Promise<void> => {
      const list = ["$all", "$me", "room/1"].map((ch, r) => ({ r, ch, at: carried.get(ch) ?? "live" }));
      const frames = await poll(helloOf("ann", { subs: list, wait: 5_000 }));
      got.push(...textsOf(frames));
      for (const { c, ch } of frames.filter(({ t }) => t === "subd")) {
        const live = frames.findLast(({ t, c: alias }) => t === "live" && alias === c) as WireFrame;
        carried.set(ch as string, ["pos", ...(live["p"] as unknown[])]);
      }
    };
    await next();
    const texts = Array.from({ length: 30 }, (_, index) => `text ${index}`);
    const saying = (async () => {
      for (const text of texts) await say(text);
    })();
    while (got.length < texts.length) await next();
    await saying;
    expect(got).toEqual(texts);
  });

  it("answers after its time when nothing comes", async () => {
    const [first] = await poll(helloOf("ann", { subs: [], wait: 0 }));
    expect(first).toMatchObject({ t: "welcome" });
    const { p } = (await poll(helloOf("ann", subs("live")))).find(({ ch }) => ch === "room/1") as WireFrame;
    const all = await poll(helloOf("ann", { ...subs(["pos", ...(p as unknown[])]), wait: 50 }));
    expect(textsOf(all)).toEqual([]);
    expect(all.some(({ t, p: at }) => t === "live" && (at as unknown[])[1] === 0)).toBe(true);
  });

  it.each([-1, wireLimits.pollMsMax + 1, "long"])("is refused when it is to wait for %s", async (wait) => {
    const response = await post(chat.url, "poll", [helloOf("ann", { wait })]);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: `hello.wait: 0 to ${wireLimits.pollMsMax} ms` });
  });

  it("tells what was missed as a gap", async () => {
    const frames = await poll(helloOf("ann", subs(["pos", "otherEpoch", 5, 77])));
    expect(frames.find(({ ch }) => ch === "room/1")).toMatchObject({ rec: "gap", gap: { why: "epoch" } });
  });
});

describe("posted frames", () => {
  const run = async (...frames: object[]): Promise<WireFrame[]> =>
    framesOf(await post(chat.url, "frames", [helloOf("ann"), ...frames]));

  it("run as on a connection, and are answered in the body, more of them than may be open at a time", async () => {
    const count = 2 * wireLimits.requestWindowCount + 1;
    const answers = await run(...Array.from({ length: count }, (_, index) => pub(index + 1, `text ${index + 1}`)));
    expect(answers[0]).toMatchObject({ t: "welcome", u: "ann" });
    expect(answers.filter(({ t }) => t === "ok")).toHaveLength(count);
    const page = (await run({ t: "history", r: 9, ch: "room/1", last: 1_000 })).find(({ r }) => r === 9) as WireFrame;
    const { list } = page["d"] as { list: { d: { text: string } }[] };
    expect(list.map(({ d }) => d.text)).toEqual(Array.from({ length: count }, (_, index) => `text ${index + 1}`));
  });

  it("that are repeated in another POST are accepted once", async () => {
    const [, first] = await run(pub(1, "once"));
    const [, second] = await run(pub(1, "once"));
    expect(second).toEqual({ ...first, dup: 1 });
  });

  it.each(["sub", "unsub", "ack", "auth", "ping", "cancel"])(
    "with %s among them have that refused alone",
    async (t) => {
      const answers = await run({ t, r: 7, ch: "room/1", at: "live", n: 1, b: 1, k: "x" }, pub(1, "goes on"));
      expect(answers).toContainEqual(expect.objectContaining({ t: "err", r: 7, code: 301 }));
      expect(answers).toContainEqual(expect.objectContaining({ t: "ok", r: 1 }));
    },
  );

  it("subscribe to nothing", async () => {
    const response = await post(chat.url, "frames", [helloOf("ann", subs("live"))]);
    expect(response.status).toBe(400);
  });

  it("without any are a greeting", async () => {
    expect(await run()).toEqual([expect.objectContaining({ t: "welcome" })]);
  });
});

describe("who may not", () => {
  it.each(["stream", "poll", "frames"] as const)("is told by HTTP's status: %s", async (what) => {
    const response = await post(chat.url, what, [helloOf(undefined)]);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
    expect(await response.json()).toMatchObject({ code: 4101 });
    expect((await post(chat.url, what, [{ ...helloOf("ann"), v: 9 }])).status).toBe(426);
    expect(chat.server.stats().connections).toBe(0);
  });

  it("be here as a page gets nothing, not even when it asks first", async () => {
    const evil = { origin: "https://evil.example" };
    expect((await post(chat.url, "frames", [helloOf("ann")], { headers: evil })).status).toBe(403);
    const asked = await fetch(`${chat.url}/realtime/frames`, { method: "OPTIONS", headers: evil });
    expect(asked.status).toBe(403);
    expect(asked.headers.get("access-control-allow-origin")).toBe(null);
    const own = { origin: chat.url };
    const allowed = await fetch(`${chat.url}/realtime/stream`, { method: "OPTIONS", headers: own });
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get("access-control-allow-origin")).toBe(chat.url);
    expect(allowed.headers.get("access-control-allow-credentials")).toBe(null);
    expect(allowed.headers.get("vary")).toBe("Origin");
  });

  it("send such a body is told why", async () => {
    const send = (body: string, path = "frames"): Promise<Response> =>
      fetch(`${chat.url}/realtime/${path}`, { method: "POST", body });
    expect((await send("")).status).toBe(400);
    expect((await send("{}")).status).toBe(400);
    expect((await send("[1]")).status).toBe(400);
    expect((await send('{"t":"pub"}')).status).toBe(400);
    expect((await send("x".repeat(serverLimits.httpBodyBytes + 1))).status).toBe(413);
    expect((await send("", "nothing")).status).toBe(404);
    expect((await fetch(`${chat.url}/realtime/frames`)).status).toBe(405);
    expect((await fetch(`${chat.url}/realtime/stream`)).status).toBe(400);
    const id = { authorization: "Bearer ann", "last-event-id": "yesterday" };
    expect((await fetch(`${chat.url}/realtime/stream?ch=room/1`, { headers: id })).status).toBe(400);
    expect((await framesOf(await post(chat.url, "frames", [helloOf("ann")]))).length).toBe(1);
  });
});

it("gives a client that stops reading its place in the log, not a queue", async () => {
  const { hostname, port } = new URL(chat.url);
  const request = httpRequest({ hostname, port, path: "/realtime/stream", method: "POST" });
  request.end(JSON.stringify(helloOf("ann", subs("live"))));
  const [response] = (await once(request, "response")) as [NodeJS.ReadableStream & { destroy(): void }];
  response.pause();
  const text = "x".repeat(900);
  for (let index = 0; index < 8_000; index++) await say(text);
  expect(chat.server.stats().counters?.laggings).toBeGreaterThan(0);
  response.destroy();
  await expect.poll(() => chat.server.stats().connections).toBe(0);
});
