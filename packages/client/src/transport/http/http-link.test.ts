import { FakeClock } from "@heddle/base/fakes";
import { describe, expect, it } from "vitest";
import { openHttp } from "./http-link.ts";

/** A link to something that answers every request like this. */
async function refusedWith(answer: Response): Promise<readonly string[]> {
  const clock = new FakeClock();
  const heard: string[] = [];
  const link = openHttp(
    { how: "stream", url: "https://h/realtime", clock, fetch: () => Promise.resolve(answer) },
    {
      opened: () => link.send('{"t":"hello","v":1,"pid":"abcdefgh"}'),
      message: (text) => heard.push(text),
      closed: (code, why) => heard.push(`${code} ${why}`),
    },
  );
  clock.endTurn();
  await settle();
  return heard;
}

interface Asked {
  readonly what: string;
  readonly frames: readonly Readonly<Record<string, unknown>>[];
  readonly signal: AbortSignal;
  /** Sends frames of the answer. */
  say(...frames: object[]): Promise<void>;
  end(): Promise<void>;
}

/** Bodies made of a stream in memory are read in microtasks alone: more than one read takes. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 200; turn++) await Promise.resolve();
};
const welcome = { t: "welcome", rs: "n1.secret" };

/** A link whose requests the test answers. */
async function scene(how: "stream" | "poll") {
  const clock = new FakeClock();
  const asked: Asked[] = [];
  const heard: string[] = [];
  const fetch: typeof globalThis.fetch = (input, init) => {
    let to!: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({ start: (controller) => void (to = controller) });
    const lines = (init as { body: string }).body.split("\n");
    asked.push({
      what: (input as string).replace("https://h/realtime/", ""),
      frames: lines.map((line) => JSON.parse(line) as Record<string, unknown>),
      signal: init?.signal as AbortSignal,
      async say(...frames) {
        for (const frame of frames) to.enqueue(new TextEncoder().encode(`${JSON.stringify(frame)}\n`));
        await settle();
      },
      async end() {
        to.close();
        await settle();
      },
    });
    return Promise.resolve(new Response(body));
  };
  const link = openHttp(
    { how, url: "https://h/realtime", clock, fetch },
    {
      opened: () => heard.push("opened"),
      message: (text) => heard.push(text),
      closed: (code) => heard.push(`${code}`),
    },
  );
  clock.endTurn();
  const send = async (...frames: object[]): Promise<void> => {
    link.send(frames.map((frame) => JSON.stringify(frame)).join("\n"));
    clock.endTurn();
    await settle();
  };
  const last = (): Asked => asked.at(-1) as Asked;
  await send({ t: "hello", v: 1, pid: "abcdefgh", f: ["pieces"], subs: [] });
  return { clock, asked, heard, link, send, last };
}

describe("a connection's worth of HTTP", () => {
  it("asks anew with all that is followed, once for many changes, and names the answer it leaves", async () => {
    const { clock, asked, heard, send, last } = await scene("stream");
    await last().say(welcome);
    await send({ t: "sub", r: 1, ch: "a", at: "live" });
    clock.advance(40);
    await send({ t: "sub", r: 2, ch: "b", at: "live" });
    clock.advance(40);
    expect(asked).toHaveLength(1);
    clock.advance(10);
    await settle();
    expect(asked).toHaveLength(2);
    expect(asked[0]?.signal.aborted).toBe(true);
    expect(last().frames[0]).toMatchObject({
      prev: "n1.secret",
      subs: [
        { r: 1, ch: "a" },
        { r: 2, ch: "b" },
      ],
    });
    expect(last().frames[0]).not.toHaveProperty("f");
    await last().say({ ...welcome, rs: "n2.secret" });
    expect(heard).toEqual(["opened", JSON.stringify(welcome)]);
  });

  it("enters again with every request, and never under the number of something else", async () => {
    const { clock, send, last, heard } = await scene("stream");
    await last().say(welcome);
    await send(
      { t: "presence", r: 1, ch: "a", op: "enter", ver: 1 },
      { t: "presence", r: 2, ch: "b", op: "enter", ver: 1 },
    );
    clock.advance(50);
    await settle();
    await last().say(welcome, { t: "ok", r: 1 }, { t: "ok", r: 2 });
    expect(heard.slice(-2)).toEqual(['{"t":"ok","r":1}', '{"t":"ok","r":2}']);
    for (let r = 3; r < 8; r++) await send({ t: "sub", r, ch: `room/${r}`, at: "live" });
    clock.advance(50);
    await settle();
    const subds = [3, 4, 5, 6, 7].map((r) => ({
      t: "subd",
      r,
      ch: `room/${r}`,
      c: r,
      p: ["E", 1, 2],
      m: "resume",
      rec: "none",
    }));
    await last().say(welcome, ...subds);
    await send({ t: "unsub", r: 9, ch: "room/3" });
    clock.advance(50);
    await settle();
    const [hello, ...entering] = last().frames as readonly [Asked["frames"][0], ...Asked["frames"]];
    const numbers = [...(hello["subs"] as { r: number }[]), ...entering].map(({ r }) => r);
    expect(entering).toMatchObject([
      { ch: "a", op: "enter" },
      { ch: "b", op: "enter" },
    ]);
    expect(new Set(numbers).size).toBe(numbers.length);
    const before = heard.length;
    await last().say(...entering.map(({ r }) => ({ t: "ok", r })));
    expect(heard).toHaveLength(before);
  });

  it("says that it left until that is answered, though the request that said so was given up", async () => {
    const { clock, send, last, heard } = await scene("stream");
    const asked = async (): Promise<unknown> => {
      clock.advance(50);
      await settle();
      return last().frames.slice(1);
    };
    await last().say(welcome);
    const leave = { t: "presence", r: 1, ch: "a", op: "leave", ver: 2 };
    await send(leave);
    expect(await asked()).toEqual([leave]);
    await send({ t: "sub", r: 2, ch: "b", at: "live" });
    expect(await asked()).toEqual([leave]);
    await last().say(welcome, { t: "ok", r: 1 });
    expect(heard.at(-1)).toBe('{"t":"ok","r":1}');
    await send({ t: "unsub", r: 3, ch: "b" });
    expect(await asked()).toEqual([]);
  });

  it("holds a publish back until the subscription asked for before it stands", async () => {
    const { clock, asked, send, last } = await scene("stream");
    await last().say(welcome);
    await send(
      { t: "sub", r: 1, ch: "a", at: "live" },
      { t: "pub", r: 2, ch: "a", n: 1, d: 1 },
      { t: "pub", r: 3, ch: "b", n: 1, d: 1 },
    );
    expect(asked.map(({ what }) => what)).toEqual(["stream", "frames"]);
    expect(last().frames[1]).toMatchObject({ ch: "b" });
    await last().end();
    clock.advance(50);
    await settle();
    await last().say(welcome, { t: "subd", r: 1, ch: "a", c: 1, p: ["E", 0, 1], m: "resume", rec: "none" });
    clock.endTurn();
    await settle();
    expect(last().what).toBe("frames");
    expect(last().frames[1]).toMatchObject({ ch: "a" });
  });

  it("polls at once while there is news, else not more than twice a second, and waits for the first answer no time", async () => {
    const { clock, asked, last } = await scene("poll");
    expect(last().frames[0]).toMatchObject({ wait: 0 });
    await last().say(welcome);
    await last().end();
    clock.advance(499);
    await settle();
    expect(asked).toHaveLength(1);
    clock.advance(1);
    await settle();
    expect(asked).toHaveLength(2);
    expect(last().frames[0]).not.toHaveProperty("wait");
    await last().say(welcome, { t: "m", c: 0, d: "news" });
    await last().end();
    clock.advance(0);
    await settle();
    expect(asked).toHaveLength(3);
  });

  it("ends as the server says, and comes back when it says", async () => {
    const body = '{"code":4029,"error":"too much"}\n';
    const answer = new Response(body, { status: 429, headers: { "Retry-After": "3" } });
    expect(await refusedWith(answer)).toEqual([
      '{"t":"bye","code":4029,"why":"too much","after":3000}',
      "4029 too much",
    ]);
  });

  it.each([
    [403, ""],
    [403, '{"error":"forbidden"}'],
    [403, '{"code":403,"error":"forbidden"}'],
    [401, "null"],
    [404, "<h1>Not Found</h1>"],
    [405, '{"code":4406}'],
    [426, '{"code":"4406","error":"upgrade"}'],
    [429, '"slow down"'],
  ])("ends as lost when something else than a server of ours answers %i with %j", async (status, body) => {
    expect(await refusedWith(new Response(body, { status }))).toEqual([`1006 HTTP ${status}`]);
  });

  it("ends as lost when the stream does", async () => {
    const { heard, last } = await scene("stream");
    await last().say(welcome);
    await last().end();
    expect(heard.at(-1)).toBe("1006");
  });
});
