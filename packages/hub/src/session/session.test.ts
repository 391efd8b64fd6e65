import { describe, expect, it } from "vitest";
import { closeCodes } from "@heddle/protocol";
import { openPolicy, openWorld, pub, sub } from "../testing/fixture.ts";
import { sessionStates, sessionTransitions } from "./states.ts";

const closedWith = (code: number) => ({ t: "bye", code, why: expect.any(String) as string });

describe("the session's state table", () => {
  it("opens only by hello and welcome, and ends from everywhere", () => {
    expect(sessionTransitions).toEqual({
      greeting: { hello: "authenticating", close: "closed" },
      authenticating: { welcomed: "open", close: "closed" },
      open: { close: "closed" },
      closed: {},
    });
    expect(Object.keys(sessionTransitions)).toEqual([...sessionStates]);
  });
});

describe("greeting", () => {
  it.each([
    ["another first frame", { t: "ping" }, closeCodes.malformed.code],
    ["another version", { t: "hello", v: 2, pid: "pid-0000", k: "u" }, closeCodes.noCommonVersion.code],
    ["a pid that is none", { t: "hello", v: 1, pid: "x", k: "u" }, closeCodes.malformed.code],
    ["a refused token", { t: "hello", v: 1, pid: "pid-0000", k: "bad" }, closeCodes.tokenRejected.code],
    ["an expired token", { t: "hello", v: 1, pid: "pid-0000", k: "old" }, closeCodes.tokenExpired.code],
    ["a critical frame that is unknown", { t: "!future" }, closeCodes.malformed.code],
  ])("closes on %s", async (_what, frame, code) => {
    const world = await openWorld();
    const client = await world.connect({ greet: false });
    await client.say(frame);
    expect(client.last("bye")).toEqual(closedWith(code));
    expect(client.port.closedWith).toBe(code);
  });

  it("closes when no hello comes in time", async () => {
    const world = await openWorld();
    const client = await world.connect({ greet: false });
    await world.clock.advanceAsync(5_001);
    expect(client.last("bye").code).toBe(4002);
  });

  it("holds what comes before welcome and carries it out in order", async () => {
    const world = await openWorld();
    const client = await world.connect({ greet: false });
    await client.say({ t: "hello", v: 1, k: "u", pid: "pid-0000" }, sub(1), { t: "ping" });
    expect(client.frames.map(({ t }) => t).sort()).toEqual(["pong", "subd", "welcome"]);
    expect(client.frames[0]?.t).toBe("welcome");
  });

  it("bounds what it holds", async () => {
    const world = await openWorld();
    const client = await world.connect({ greet: false });
    await client.say(
      { t: "hello", v: 1, k: "u", pid: "pid-0000" },
      ...Array.from({ length: 33 }, () => ({ t: "ping" })),
    );
    expect(client.last("bye").code).toBe(4400);
  });

  it("replaces the connection named by prev only for the same user", async () => {
    const world = await openWorld();
    const old = await world.connect({ token: "u1" });
    const { rs } = old.last("welcome");
    await world.connect({ token: "u2", hello: { prev: rs } });
    expect(old.of("bye")).toEqual([]);
    await world.connect({ token: "u1", hello: { prev: rs } });
    expect(old.last("bye").code).toBe(4410);
  });

  it("gives the same producer identity for the same user and pid, and another for another user", async () => {
    const world = await openWorld();
    const x = async (token: string, pid: string): Promise<string> =>
      (await world.connect({ token, pid })).last("welcome").x;
    expect(await x("u1", "pid-0000")).toBe(await x("u1", "pid-0000"));
    expect(await x("u1", "pid-0000")).not.toBe(await x("u2", "pid-0000"));
  });

  it("lets an anonymous client keep its identity by its ticket", async () => {
    const world = await openWorld();
    const first = await world.connect({ token: "" });
    const { an, x } = first.last("welcome");
    const again = await world.connect({ token: "", hello: { an } });
    expect(again.last("welcome")).toMatchObject({ an, x });
    const forged = await world.connect({ token: "", hello: { an: "AAAA" } });
    expect(forged.last("welcome").x).not.toBe(x);
  });
});

describe("an open session", () => {
  it.each([
    ["a second hello", { t: "hello", v: 1, pid: "pid-0000" }, 4400],
    ["a malformed frame without a request number", { t: "ack", n: "one", b: 1 }, 4400],
    ["an acknowledgement of more than was sent", { t: "ack", n: 9, b: 9 }, 4400],
    ["a critical frame that is unknown", { t: "!future" }, 4406],
  ])("closes on %s", async (_what, frame, code) => {
    const world = await openWorld();
    const client = await world.connect();
    await client.say(frame);
    expect(client.last("bye").code).toBe(code);
  });

  it.each([
    ["a mistyped key", { t: "sub", r: 5, ch: 1, at: "live" }, 301],
    ["an unknown channel", sub(5, "live", { ch: "nowhere" }), 302],
    ["a server's name", sub(5, "live", { ch: "$all" }), 302],
    ["a position with tag 0", sub(5, ["pos", "E", 1, 0]), 301],
    ["an unsub of nothing", { t: "unsub", r: 5, ch: "room/1" }, 410],
    ["an unknown event", pub(1, 1, { r: 5, e: "nothing" }), 302],
    ["a durable event without a number", { t: "pub", r: 5, ch: "room/1", e: "message", d: 1 }, 301],
    ["a volatile event with a number", { t: "pub", r: 5, ch: "room/1", e: "typing", n: 1, d: 1 }, 301],
    ["an unknown call", { t: "call", r: 5, op: "nothing" }, 302],
    ["history without a side", { t: "history", r: 5, ch: "room/1" }, 301],
    ["history from a position that is gone", { t: "history", r: 5, ch: "room/1", before: ["gone", 1, 5] }, 308],
    ["presence without a version", { t: "presence", r: 5, ch: "room/1", op: "enter" }, 301],
  ])("answers %s and lives on", async (_what, frame, code) => {
    const world = await openWorld();
    const client = await world.connect();
    await client.say(frame);
    expect(client.last("err")).toMatchObject({ r: 5, code });
    await client.say({ t: "ping" });
    expect(client.last("pong")).toEqual({ t: "pong" });
  });

  it("answers only with abilities it has", async () => {
    const world = await openWorld();
    const client = await world.connect({ hello: { f: ["telepathy"] } });
    expect(client.last("welcome").f).toEqual([]);
  });

  it("ignores unknown frames and unknown keys", async () => {
    const world = await openWorld();
    const client = await world.connect();
    await client.say({ t: "future", r: 1 }, { t: "ping", extra: 1 });
    expect(client.frames.map(({ t }) => t)).toEqual(["welcome", "pong"]);
  });

  it("answers a frame over the limit with too_large and closes on one far over it", async () => {
    const world = await openWorld();
    const client = await world.connect();
    await client.say(pub(1, "x".repeat(70_000)));
    expect(client.last("err")).toMatchObject({ r: 1001, code: 303 });
    await client.say({ t: "sub", r: 2, ch: "x".repeat(70_000), at: "nowhere" }, { t: "future", d: "x".repeat(70_000) });
    expect(client.of("err").map(({ r, code }) => [r, code])).toEqual([
      [1001, 303],
      [2, 303], // mistyped besides
    ]);
    await client.say(pub(1, "x".repeat(300_000)));
    expect(client.port.closedWith).toBe(1009);
  });

  it("refuses a second subscription of a channel and one too many", async () => {
    const world = await openWorld({ limits: { subscriptionCount: 2 } });
    const client = await world.connect();
    await client.say(sub(1), sub(2), sub(3, "live", { ch: "room/2" }), sub(4, "live", { ch: "room/3" }));
    expect(client.of("err").map(({ r, code }) => [r, code])).toEqual(expect.arrayContaining([[4, 431]]));
    await client.say({ t: "unsub", r: 5, ch: "room/2" });
    await client.say(sub(6));
    expect(client.last("err")).toMatchObject({ r: 6, code: 409 });
  });

  it("pings when quiet and closes a peer that stays quiet", async () => {
    const world = await openWorld();
    const client = await world.connect();
    await world.clock.advanceAsync(29_000);
    expect(client.of("ping").length).toBe(1);
    await client.say({ t: "pong" });
    await world.clock.advanceAsync(120_000);
    expect(client.last("bye").code).toBe(4002);
  });

  it("ends at the token's expiry and its grace, unless renewed by the same user", async () => {
    const world = await openWorld();
    const until = world.clock.wallMs() + 10_000;
    const stays = await world.connect({ token: `u1:${until}` });
    const goes = await world.connect({ token: `u2:${until}` });
    await stays.say({ t: "auth", r: 1, k: `u1:${until + 3_600_000}` });
    expect(stays.last("ok").exp).toBe(Math.floor((until + 3_600_000) / 1_000));
    await world.clock.advanceAsync(39_000);
    expect(goes.of("bye")).toEqual([]);
    await world.clock.advanceAsync(2_000);
    expect(goes.last("bye").code).toBe(4100);
    expect(stays.of("bye")).toEqual([]);
    await stays.say({ t: "auth", r: 2, k: "u3" });
    expect(stays.last("err").code).toBe(206);
    expect(stays.last("bye").code).toBe(4401);
  });

  it("does not let one slow authorisation delay another channel", async () => {
    let allow = (): void => undefined;
    const slow = openPolicy({ authorize: () => new Promise<boolean>((resolve) => (allow = () => resolve(true))) });
    const world = await openWorld({ channels: { slow, room: openPolicy() } });
    const client = await world.connect();
    await client.say(sub(1, "live", { ch: "slow" }), sub(2));
    expect(client.of("subd").map(({ r }) => r)).toEqual([2]);
    allow();
    await world.settle();
    allow();
    await world.settle();
    expect(client.of("subd").map(({ r }) => r)).toEqual([2, 1]);
  });

  it("appends in order of arrival although hooks end in another order", async () => {
    const waits: (() => void)[] = [];
    const policy = openPolicy({
      prepare: (_event, value) =>
        new Promise((resolve) => void waits.push(() => resolve({ is: "ok", json: JSON.stringify(value) }))),
    });
    const world = await openWorld({ channels: { room: policy } });
    const client = await world.connect();
    await client.say(sub(1));
    await client.say(pub(1, "a"), pub(2, "b"), pub(3, "c"));
    for (const finish of waits.reverse()) finish();
    await world.settle();
    expect(client.payloads).toEqual(["a", "b", "c"]);
  });

  it("forbids what authorize forbids, each action for itself", async () => {
    const policy = openPolicy({ authorize: (action) => action === "subscribe" });
    const world = await openWorld({ channels: { room: policy } });
    const client = await world.connect();
    await client.say(sub(1, "live", { pr: 1 }), pub(1, 1), { t: "history", r: 3, ch: "room/1", last: 1 });
    await client.say(
      { t: "presence", r: 4, ch: "room/1", op: "enter", ver: 1 },
      { t: "presence", r: 5, ch: "room/1", op: "list" },
    );
    expect(
      client
        .of("err")
        .map(({ r, code }) => [r, code])
        .sort(),
    ).toEqual([
      [1, 203],
      [1001, 203],
      [3, 203],
      [4, 203],
      [5, 203],
    ]);
    await client.say(sub(6, ["last", 5]));
    expect(client.last("err")).toMatchObject({ r: 6, code: 203 });
  });

  it("resumes without the right to history only with its ticket, and never before it", async () => {
    const policy = openPolicy({ authorize: (action) => action !== "history" });
    const world = await openWorld({ channels: { room: policy } });
    const writer = await world.connect({ token: "w" });
    await writer.say(pub(1, 1), pub(2, 2));
    const client = await world.connect();
    await client.say(sub(1));
    const { j, p } = client.last("subd");
    expect(j).toEqual(expect.any(String));
    await client.drop();
    await writer.say(pub(3, 3));
    const back = await world.connect();
    await back.say(sub(1, ["pos", ...(p ?? [])], { j }));
    await world.settle();
    expect([back.last("subd").rec, back.payloads, back.last("subd").j]).toEqual(["full", [3], j]);
    const noTicket = await world.connect();
    await noTicket.say(sub(1, ["pos", ...(p ?? [])]));
    expect(noTicket.last("subd").gap?.why).toBe("unverified");
    const thief = await world.connect({ token: "thief" });
    await thief.say(sub(1, ["pos", ...(p ?? [])], { j }));
    expect(thief.last("subd").gap?.why).toBe("unverified");
  });

  it("keeps where its ticket begins when it comes back at the head: it may have let go of what it had not handled", async () => {
    const policy = openPolicy({ authorize: (action) => action !== "history" });
    const world = await openWorld({ channels: { room: policy } });
    const writer = await world.connect({ token: "w" });
    const client = await world.connect();
    await client.say(sub(1));
    const first = client.last("subd");
    await writer.say(pub(1, 1), pub(2, 2));
    const head = writer.last("ok").p ?? [];
    await client.drop();
    await world.clock.advanceAsync(60_000);
    const atHead = await world.connect();
    await atHead.say(sub(1, ["pos", ...head], { j: first.j }));
    const { j } = atHead.last("subd");
    expect(j).not.toBe(first.j); // good for another week
    await atHead.drop();
    const behind = await world.connect();
    await behind.say(sub(1, ["pos", ...(first.p ?? [])], { j }));
    await world.settle();
    expect([behind.last("subd").rec, behind.payloads]).toEqual(["full", [1, 2]]);
  });

  it("sends many pages of history one after another, as the connection takes them, and keeps it", async () => {
    const keep = { entries: 10_000, ageMs: 1e9 };
    const world = await openWorld({ channels: { room: openPolicy({ keep }) } });
    const client = await world.connect();
    for (let n = 1; n <= 60; n++) await client.say(pub(n, "x".repeat(2_000)));
    client.port.isFrozen = true;
    const asked = Array.from({ length: 20 }, (_, r) => ({ t: "history", r, ch: "room/1", last: 60 }));
    await client.say(...asked);
    await world.clock.advanceAsync(5_000);
    expect(client.of("bye")).toEqual([]);
    for (let round = 0; round < 30; round++) {
      client.port.thaw();
      client.port.isFrozen = true;
      await world.clock.advanceAsync(200);
    }
    const pages = client.of("ok").filter(({ d }) => d !== undefined);
    expect(pages.map(({ r }) => r)).toEqual(asked.map(({ r }) => r));
    expect(client.of("bye")).toEqual([]);
  });
});
