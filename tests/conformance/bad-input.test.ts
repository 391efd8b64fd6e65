// What a broken or hostile peer may send: each thing has its code, and nobody else notices.

import { closeCodes, errorCodes, wireLimits, type ErrorKey } from "@heddle/protocol";
import { describe, expect, it } from "vitest";
import { startChat, type RunningChat } from "./support/chat.ts";
import { RawClient } from "./support/raw-client.ts";

/** A running chat, a peer that will misbehave, and one that must not notice. */
interface Scene extends AsyncDisposable {
  readonly chat: RunningChat;
  readonly rogue: RawClient;
  readonly witness: RawClient;
  /** Fails unless the witness is still connected, saw nothing else, and still receives what is published. */
  expectUndisturbed(): Promise<void>;
}

async function scene(hello: object = { k: "rogue" }): Promise<Scene> {
  const chat = await startChat();
  const witness = await RawClient.greet(`${chat.url}/realtime`, { k: "witness", pid: "witness-1" });
  witness.say({ t: "sub", r: 1, ch: "room/calm", at: "live" });
  await witness.answer(1);
  const rogue = await RawClient.connect(`${chat.url}/realtime`);
  if ("k" in hello) {
    rogue.say({ t: "hello", v: 1, pid: "rogue-0001", ...hello });
    await rogue.next("welcome");
  }
  return {
    ...{ chat, rogue, witness },
    expectUndisturbed: async () => {
      const seen = witness.frames.length;
      await chat.server.channel("room").publish({ roomId: "calm" }, "message", { text: "still here" });
      await witness.next("m", ({ d }) => (d as { text: string }).text === "still here");
      expect(witness.frames.slice(seen).map(({ t }) => t)).toEqual(["m"]);
      expect(chat.logger.errors()).toEqual([]);
    },
    [Symbol.asyncDispose]: async () => {
      rogue.socket.terminate();
      witness.socket.terminate();
      await chat[Symbol.asyncDispose]();
    },
  };
}

const pub = (over: object): object => ({
  ...{ t: "pub", r: 1, ch: "room/42", e: "message", n: 1, pn: 0, d: { text: "hi" } },
  ...over,
});
const sub = (over: object): object => ({ t: "sub", r: 1, ch: "room/42", at: "live", ...over });
const position = ["madeUpEpoch", 5, 77];
const nine = Array.from({ length: 9 }, (_, index) => index);

describe("a request that is wrong is answered with its code, and the connection lives", () => {
  it.each<[string, ErrorKey, object, RegExp]>([
    ["an unknown channel", "unknownName", sub({ ch: "nowhere/1" }), /no such channel/],
    ["a parameter too many", "unknownName", sub({ ch: "room/1/2" }), /no such channel/],
    ["a parameter that breaks its schema", "unknownName", sub({ ch: `room/${"x".repeat(65)}` }), /no such channel/],
    ["another spelling of a channel's name", "unknownName", sub({ ch: "room/%34%32" }), /no such channel/],
    ["a name longer than any", "unknownName", sub({ ch: `room/${"x".repeat(300)}` }), /no channel can be named so/],
    ["a name of the object prototype", "unknownName", sub({ ch: "constructor" }), /no such channel/],
    ["a reserved name", "unknownName", sub({ ch: "$user/witness" }), /no channel can be named so/],
    ["the own notices, which are given", "unknownName", sub({ ch: "$me" }), /no channel can be named so/],
    ["a subscription that is not allowed", "forbidden", sub({ ch: "vault" }), /subscribe not allowed/],
    ["a position nobody gave out", "badRequest", sub({ at: ["pos", "epoch", 5, 0] }), /tag 0/],
    ["a position of no shape", "badRequest", sub({ at: ["pos", "no epoch!", -1, 1] }), /sub\.at/],
    ["a start of no shape", "badRequest", sub({ at: "yesterday" }), /sub\.at/],
    ["a mode there is none of", "badRequest", sub({ m: "newest" }), /sub\.m/],
    ["a snapshot the channel does not have", "badRequest", sub({ at: "snap" }), /no snapshot/],
    ["a publish that is not allowed", "forbidden", pub({ ch: "vault", e: "note", d: "x" }), /publish not allowed/],
    ["a publish to a reserved name", "unknownName", pub({ ch: "$all" }), /no such channel/],
    ["an unknown event", "unknownName", pub({ e: "shout" }), /no event "shout"/],
    ["an event of the object prototype", "unknownName", pub({ e: "toString" }), /no event/],
    ["a payload that breaks its schema", "refused", pub({ d: { text: "" } }), /^message: text: /],
    ["a durable event without a number", "badRequest", pub({ n: undefined }), /pub\.n: a durable event needs/],
    ["a durable event with number 0", "badRequest", pub({ n: 0 }), /pub\.n/],
    ["a number behind itself", "badRequest", pub({ pn: 1 }), /pub\.pn/],
    ["a volatile event with a number", "badRequest", pub({ e: "typing", d: { on: true } }), /pub\.n: a volatile event/],
    ["bytes where JSON is wanted", "refused", pub({ d: undefined, b: "AAAA" }), /^message: /],
    ["a key longer than any", "badRequest", pub({ key: "k".repeat(65) }), /pub\.key: 1 to 64 bytes/],
    ["an expected position nobody gave out", "badRequest", pub({ ex: ["epoch", 1, 0] }), /pub\.ex/],
    ["an expected position that is not the head", "conflict", pub({ ex: position }), /^$/],
    ["an unknown call", "unknownName", { t: "call", r: 1, op: "drop", d: {} }, /no call "drop"/],
    ["a call whose input breaks its schema", "refused", { t: "call", r: 1, op: "rename", d: { name: 7 } }, /name/],
    ["an idempotent call without a number", "badRequest", { t: "call", r: 1, op: "placeOrder", d: {} }, /call\.n/],
    ["another call with a number", "badRequest", { t: "call", r: 1, op: "rename", n: 1, d: {} }, /call\.n/],
    ["a mistyped key", "badRequest", { t: "call", r: 1, op: 7 }, /call\.op: missing or of the wrong type/],
    [
      "history of two kinds",
      "badRequest",
      { t: "history", r: 1, ch: "room/42", last: 1, before: position },
      /exactly one/,
    ],
    ["more history than a page", "badRequest", { t: "history", r: 1, ch: "room/42", last: 1_001 }, /1 to 1000/],
    ["history that is not allowed", "forbidden", { t: "history", r: 1, ch: "vault", last: 1 }, /history not allowed/],
    ["history before a made-up position", "expired", { t: "history", r: 1, ch: "room/42", before: position }, /^$/],
    ["leaving what was not subscribed", "notSubscribed", { t: "unsub", r: 1, ch: "room/42" }, /room\/42/],
    ["entering with wrong data", "refused", { t: "presence", r: 1, ch: "room/42", op: "enter", ver: 1, d: {} }, /name/],
    ["entering without a version", "badRequest", { t: "presence", r: 1, ch: "room/42", op: "enter" }, /presence\.ver/],
    [
      "an unknown presence operation",
      "badRequest",
      { t: "presence", r: 1, ch: "room/42", op: "haunt" },
      /presence\.op/,
    ],
    ["presence where there is none", "badRequest", { t: "presence", r: 1, ch: "vault", op: "list" }, /no presence/],
    ["an empty token for a running connection", "tokenRequired", { t: "auth", r: 1, k: "" }, /token required/],
  ])("%s: %s", async (_name, key, frame, why) => {
    await using stage = await scene();
    const { rogue } = stage;
    rogue.say(frame);
    const answer = await rogue.answer(1);
    const { code, name } = errorCodes[key];
    expect(answer).toMatchObject({ t: "err", r: 1, code, name });
    expect(answer["why"] ?? "").toMatch(why);
    await rogue.settled();
    await stage.expectUndisturbed();
  });

  it("names path and rule of a payload that breaks its schema", async () => {
    await using stage = await scene();
    stage.rogue.say(pub({ d: { text: "x".repeat(4_001) } }));
    const { issues } = await stage.rogue.answer(1);
    expect(issues).toEqual([{ path: ["text"], message: expect.stringContaining("4000") as string }]);
  });

  it("resumes from a made-up position with a gap that says why, not with silence", async () => {
    await using stage = await scene();
    stage.rogue.say(sub({ at: ["pos", ...position] }));
    const answer = await stage.rogue.answer(1);
    expect(answer).toMatchObject({ t: "subd", rec: "gap", gap: { why: "epoch", from: position } });
    await stage.expectUndisturbed();
  });

  it("refuses the same channel twice, and a number used for other content", async () => {
    await using stage = await scene();
    const { rogue } = stage;
    rogue.say(sub({}), sub({ r: 2 }), pub({ r: 3 }), pub({ r: 4, d: { text: "other" } }));
    expect((await rogue.answer(1)).t).toBe("subd");
    expect(await rogue.answer(2)).toMatchObject({ code: errorCodes.alreadySubscribed.code });
    expect((await rogue.answer(3)).t).toBe("ok");
    expect(await rogue.answer(4)).toMatchObject({ code: errorCodes.idReused.code });
    await stage.expectUndisturbed();
  });

  it("refuses another user's token, and ends the connection with 4401", async () => {
    await using stage = await scene();
    stage.rogue.say({ t: "auth", r: 1, k: "witness" });
    expect(await stage.rogue.answer(1)).toMatchObject({ t: "err", code: errorCodes.userChanged.code });
    expect(await stage.rogue.closed).toMatchObject({ code: closeCodes.unauthorised.code });
    await stage.expectUndisturbed();
  });

  it("refuses more subscriptions than are taken, besides the two given by the server", async () => {
    await using stage = await scene();
    const { rogue } = stage;
    const givenCount = 2;
    const all = Array.from({ length: wireLimits.subscriptionCount + 1 }, (_, r) => sub({ r, ch: `room/${r}` }));
    rogue.say(...all);
    expect(await rogue.answer(wireLimits.subscriptionCount)).toMatchObject({
      ...{ t: "err", code: errorCodes.tooManySubscriptions.code },
    });
    await rogue.settled();
    expect(rogue.frames.filter(({ t }) => t === "subd")).toHaveLength(wireLimits.subscriptionCount + givenCount);
    await stage.expectUndisturbed();
  });

  it("refuses more open requests and publishes than are taken, and goes on when they are answered", async () => {
    await using stage = await scene();
    const { rogue } = stage;
    const calls = Array.from({ length: wireLimits.requestWindowCount + 1 }, (_, r) => ({
      t: "call",
      r,
      op: "wait",
      d: {},
    }));
    rogue.say(...calls);
    expect(await rogue.answer(wireLimits.requestWindowCount)).toMatchObject({
      code: errorCodes.overloaded.code,
      ms: 100,
    });
    rogue.say({ t: "cancel", r: 0 });
    expect(await rogue.answer(0)).toMatchObject({ code: errorCodes.cancelled.code });
    rogue.say({ t: "call", r: 99, op: "rename", d: { name: "ada" } });
    expect(await rogue.answer(99)).toMatchObject({ t: "ok", d: { name: "ADA" } });
    await stage.expectUndisturbed();
  });

  it("answers a frame over the limit with 303 and reads on", async () => {
    await using stage = await scene();
    const { rogue } = stage;
    rogue.say(pub({ r: 1, d: { text: "x".repeat(wireLimits.frameBytes) } }));
    expect(await rogue.answer(1)).toMatchObject({ t: "err", code: errorCodes.tooLarge.code });
    rogue.say(pub({ r: 2 }));
    expect((await rogue.answer(2)).t).toBe("ok");
    await stage.expectUndisturbed();
  });
});

describe("a line break inside a payload", () => {
  it("forges no frame: the text arrives as it was", async () => {
    await using stage = await scene();
    const { rogue, witness } = stage;
    const text = 'a\n{"t":"bye","code":4403}\r\n\u2028b';
    rogue.say(pub({ ch: "room/calm", d: { text } }));
    expect((await rogue.answer(1)).t).toBe("ok");
    expect((await witness.next("m"))["d"]).toMatchObject({ text });
    expect(witness.frames.some(({ t }) => t === "bye")).toBe(false);
  });

  it("between the tokens of a frame breaks that frame alone: the peer is closed with 4400, nothing is stored", async () => {
    await using stage = await scene();
    const { rogue, chat } = stage;
    rogue.sayText('{"t":"pub","r":1,"ch":"room/calm","e":"message","n":1,"d":{"text":\n"hi"}}');
    expect(await rogue.closed).toMatchObject({ code: closeCodes.malformed.code });
    expect((await chat.server.channel("room").history({ roomId: "calm" }, { last: 10 })).events).toEqual([]);
    await stage.expectUndisturbed();
  });
});

describe("frames nobody knows", () => {
  it("are ignored, and unknown keys as well", async () => {
    await using stage = await scene();
    stage.rogue.say({ t: "future", x: 1 }, { t: "ping", extra: true }, sub({ colour: "red" }));
    expect((await stage.rogue.answer(1)).t).toBe("subd");
    await stage.expectUndisturbed();
  });

  it("end the connection with 4406 when their sender insists on them", async () => {
    await using stage = await scene();
    stage.rogue.say({ t: "!future" });
    expect(await stage.rogue.next("bye")).toMatchObject({ code: closeCodes.noCommonVersion.code });
    expect(await stage.rogue.closed).toMatchObject({ code: closeCodes.noCommonVersion.code });
    await stage.expectUndisturbed();
  });
});

describe("a peer that breaks the protocol is closed", () => {
  const malformed = closeCodes.malformed.code;

  it.each<[string, number, string | object]>([
    ["no JSON", malformed, "{oops"],
    ["no object", malformed, "7"],
    ["an array", malformed, "[1,2]"],
    ["null", malformed, "null"],
    ["a frame without type", malformed, {}],
    ["a frame whose type is no text", malformed, { t: 4 }],
    ["a mistyped frame nobody could answer", malformed, { t: "ack", n: "many", b: 1 }],
    ["an unsubscription without a number", malformed, { t: "unsub", ch: "room/42" }],
    ["a second hello", malformed, { t: "hello", v: 1, pid: "rogue-0001", k: "rogue" }],
    ["an acknowledgement of frames that were never sent", malformed, { t: "ack", n: 1_000, b: 1 }],
    ["a negative acknowledgement", malformed, { t: "ack", n: -1, b: -1 }],
    ["a durable event nobody could be told about", malformed, pub({ r: undefined })],
    ["brackets without end", malformed, "[".repeat(50_000)],
    ["a message beyond every limit", 1009, "x".repeat(wireLimits.frameBytes * wireLimits.oversizeFactor + 1)],
  ])("%s: %i", async (_name, code, message) => {
    await using stage = await scene();
    const { rogue } = stage;
    if (typeof message === "string") rogue.sayText(message);
    else rogue.say(message);
    expect(await rogue.closed).toMatchObject({ code });
    if (code !== 1009) expect(rogue.frames.at(-1)).toMatchObject({ t: "bye", code });
    await stage.expectUndisturbed();
  });

  it.each<[string, number, readonly object[]]>([
    ["something else than hello", malformed, [{ t: "ping" }]],
    ["a hello of another version", closeCodes.noCommonVersion.code, [{ t: "hello", v: 2, pid: "rogue-0001", k: "u" }]],
    ["a hello without a producer id", malformed, [{ t: "hello", v: 1, k: "u" }]],
    ["a producer id of another shape", malformed, [{ t: "hello", v: 1, pid: "x y", k: "u" }]],
    ["a hello with a broken subscription", malformed, [{ t: "hello", v: 1, pid: "rogue-0001", k: "u", subs: [{}] }]],
    [
      "a hello with too many subscriptions",
      malformed,
      [
        {
          t: "hello",
          v: 1,
          pid: "rogue-0001",
          k: "u",
          subs: Array.from({ length: 513 }, (_, r) => sub({ r, ch: `room/${r}` })),
        },
      ],
    ],
    [
      "a hello larger than any",
      malformed,
      [{ t: "hello", v: 1, pid: "rogue-0001", k: "u".repeat(wireLimits.helloBytes) }],
    ],
    [
      "more frames before welcome than are held",
      malformed,
      [{ t: "hello", v: 1, pid: "rogue-0001", k: "u" }, ...nine.flatMap(() => [1, 2, 3, 4].map(() => ({ t: "ping" })))],
    ],
  ])("that begins with %s: %i", async (_name, code, frames) => {
    await using stage = await scene({});
    stage.rogue.say(...frames);
    expect(await stage.rogue.closed).toMatchObject({ code });
    expect(stage.rogue.frames.at(-1)).toMatchObject({ t: "bye", code });
    await stage.expectUndisturbed();
  });

  it("that sends text which is no UTF-8: 1007", async () => {
    await using stage = await scene();
    stage.rogue.socket.send(Buffer.from([0x22, 0xff, 0x22]), { binary: false });
    expect(await stage.rogue.closed).toMatchObject({ code: 1007 });
    await stage.expectUndisturbed();
  });
});

describe("somebody else's secrets", () => {
  it("do not close their connection when they are guessed", async () => {
    await using stage = await scene({});
    stage.rogue.say({ t: "hello", v: 1, pid: "rogue-0001", k: "rogue", prev: stage.witness.frames[0]?.["rs"] });
    expect((await stage.rogue.next("welcome"))["u"]).toBe("rogue");
    await stage.expectUndisturbed();
  });

  it("do not spoil their publishes: the same producer id gives another user another identity", async () => {
    await using stage = await scene({ k: "rogue", pid: "witness-1" });
    const { rogue, witness } = stage;
    rogue.say(pub({ ch: "room/calm", n: 1, d: { text: "mine" } }));
    expect((await rogue.answer(1)).t).toBe("ok");
    witness.say(pub({ r: 2, ch: "room/calm", n: 1, d: { text: "theirs" } }));
    expect(await witness.answer(2)).not.toHaveProperty("dup");
    expect(rogue.frames[0]?.["x"]).not.toBe(witness.frames[0]?.["x"]);
  });
});
