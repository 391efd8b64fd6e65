import { FakeClock, SeededRandom } from "@heddle/base/fakes";
import { describe, expect, it } from "vitest";
import { createBareClient, type BareClient } from "./client-core.ts";
import { historyOf, historyPageOf, onAsk, presenceOf } from "./optional.ts";
import { at, ServerLink, welcome } from "./testing/scripted-server.ts";

/** A client without parts that is online, and the server's end of its connection. */
async function online(): Promise<{ client: BareClient; link: ServerLink; settle: () => Promise<void> }> {
  const clock = new FakeClock();
  const links: ServerLink[] = [];
  const client = createBareClient({
    clock,
    random: new SeededRandom(1),
    transport: {
      name: "scripted",
      open: (handlers) => {
        const opened = new ServerLink(handlers);
        links.push(opened);
        return opened.clientEnd;
      },
    },
  });
  client.connect();
  await clock.settle();
  const [link] = links;
  if (link === undefined) throw new Error("the client does not connect");
  link.open();
  link.say(welcome);
  await clock.settle();
  return { client, link, settle: () => clock.settle() };
}

describe("a client without parts", () => {
  it("refuses questions at once, so that nobody waits for an answer", async () => {
    const { link, settle } = await online();
    link.say({ t: "ask", r: "n1~1", op: "confirm", ms: 5_000 });
    await settle();
    expect(link.last("reply")).toEqual({ t: "reply", r: "n1~1", err: { code: 302 } });
  });

  it("takes no notice of who is present", async () => {
    const { client, link, settle } = await online();
    client.channel("room/1").on("message", () => undefined);
    link.say({ t: "subd", r: link.last("sub").r, ch: "room/1", c: 1, p: at(1), m: "resume", rec: "none" });
    link.say({ t: "pd", c: 1, v: 1, full: 1, add: [{ x: "x2", ver: 1 }], n: 1 });
    await settle();
    expect(client.state.name).toBe("online");
    expect(client.stats.discarded).toBe(0);
  });
});

describe("a part", () => {
  it("answers questions from its import on", async () => {
    const { client, link, settle } = await online();
    onAsk(client, "confirm", (question) => `${String(question)}!`);
    link.say({ t: "ask", r: "n1~1", op: "confirm", d: "sure", ms: 5_000 });
    await settle();
    expect(link.last("reply")).toEqual({ t: "reply", r: "n1~1", d: "sure!" });
  });

  it("is the same presence at every call, and knows who is there", async () => {
    const { client, link, settle } = await online();
    const room = client.channel("room/1");
    presenceOf(room).onChange(() => undefined);
    expect(link.last("sub").pr).toBe(1);
    link.say({ t: "subd", r: link.last("sub").r, ch: "room/1", c: 1, p: at(1), m: "resume", rec: "none" });
    link.say({ t: "pd", c: 1, v: 1, full: 1, add: [{ x: "x2", u: "ada", ver: 1 }], n: 1 });
    await settle();
    expect([...presenceOf(room).members.keys()]).toEqual(["x2"]);
  });

  it("reads the past of the channel it is given", async () => {
    const { client, link, settle } = await online();
    const page = historyPageOf(client.channel("room/1"), { last: 2 });
    expect(link.last("history")).toMatchObject({ ch: "room/1", last: 2 });
    link.say({ t: "ok", r: link.last("history").r, d: { list: [], p: at(1), more: 0 } });
    expect((await page).position).toEqual(at(1));
    const walk = historyOf(client.channel("room/2"), { last: 2 }).next();
    await settle();
    expect(link.last("history")).toMatchObject({ ch: "room/2", last: 2 });
    link.say({ t: "ok", r: link.last("history").r, d: { list: [], p: at(1), more: 0 } });
    expect((await walk).done).toBe(true);
  });
});
