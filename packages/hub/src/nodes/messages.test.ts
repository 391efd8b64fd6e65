import { utf8Encode } from "@heddle/base";
import { describe, expect, it } from "vitest";
import {
  decodeAnswer,
  decodeQuestion,
  encodeAnswer,
  encodeFailure,
  encodeQuestion,
  encodeUnknown,
  type Kind,
  type Talk,
} from "./messages.ts";

const samples: {
  readonly [K in Kind]: { readonly question: Talk[K]["question"]; readonly answer: Talk[K]["answer"] };
} = {
  hangUp: { question: { whom: { user: "u1" }, close: "banned", why: "out" }, answer: { count: 2 } },
  notice: { question: { connection: "n1-1", event: "e", json: "{}" }, answer: { outcome: "sent" } },
  ask: {
    question: { id: 1, whom: { connection: "n1-1" }, op: "confirm", json: "1", ms: 50 },
    answer: { connections: ["n1-1"] },
  },
  replies: {
    question: { id: 1 },
    answer: {
      results: [
        { connectionId: "n1-1", is: "answer", value: { yes: true } },
        { connectionId: "n1-2", is: "failure", code: 309, why: "late" },
      ],
    },
  },
  stopAsk: { question: { id: 1 }, answer: {} },
  supersede: { question: { secret: "n1.s", owner: "u1" }, answer: {} },
  answer: { question: { key: "k" }, answer: { is: "known", outcome: { is: "ok", json: "1" } } },
  connections: { question: { user: "u1" }, answer: { list: ["n1-1"], count: 1 } },
  state: { question: {}, answer: { connections: 1, channels: 2, isDraining: false } },
  revoked: { question: { id: "r", target: { user: "u1" }, untilMs: 5, why: "lost" }, answer: {} },
};
const kinds = Object.keys(samples) as Kind[];
const message = (...parts: unknown[]): Uint8Array => utf8Encode(JSON.stringify(parts));

describe("a message between nodes", () => {
  it.each(kinds)("carries %s there and back", (kind) => {
    const { question, answer } = samples[kind];
    expect(decodeQuestion(encodeQuestion(kind, question))).toEqual({ is: "question", kind, question });
    expect(decodeAnswer(kind, encodeAnswer(answer))).toEqual({ is: "answer", answer });
  });

  it.each(kinds)("of %s lacks no key that is not noticed, in the question and in the answer", (kind) => {
    for (const key of Object.keys(samples[kind].question)) {
      const asked = decodeQuestion(message(1, kind, { ...samples[kind].question, [key]: undefined }));
      expect({ key, is: asked.is }).toEqual({ key, is: "bad" });
    }
    for (const key of Object.keys(samples[kind].answer)) {
      const answered = decodeAnswer(kind, message(1, "ok", { ...samples[kind].answer, [key]: undefined }));
      expect({ key, is: answered.is }).toEqual({ key, is: "bad" });
    }
  });

  it("of another version, or of a kind nobody knows, is unknown and no error", () => {
    expect(decodeQuestion(message(2, "hangUp", samples.hangUp.question))).toEqual({ is: "unknown" });
    expect(decodeQuestion(message(1, "dance", {}))).toEqual({ is: "unknown" });
    expect(decodeQuestion(message(1, "constructor", {}))).toEqual({ is: "unknown" });
    expect(decodeAnswer("state", encodeUnknown())).toEqual({ is: "unknown" });
    expect(decodeAnswer("state", message(2, "ok", samples.state.answer))).toEqual({ is: "unknown" });
  });

  it.each([
    ["no JSON", utf8Encode("{")],
    ["no UTF-8", Uint8Array.of(0xff)],
    ["no list", utf8Encode("{}")],
    ["too many parts", message(1, "state", {}, 0)],
    ["a body that is no object", message(1, "state", [])],
    ["nobody to hang up on", message(1, "hangUp", { whom: {}, close: "banned", why: "" })],
    ["two to hang up on", message(1, "hangUp", { whom: { user: "u", connection: "c" }, close: "banned", why: "" })],
    ["a close code of its own", message(1, "hangUp", { whom: { user: "u" }, close: "toString", why: "" })],
    ["a revocation of nobody", message(1, "revoked", { id: "r", target: {}, untilMs: 1, why: "" })],
    [
      "a revocation of too long a name",
      message(1, "revoked", { id: "r", target: { user: "u".repeat(257) }, untilMs: 1, why: "" }),
    ],
    [
      "a revocation of an object",
      message(1, "revoked", { id: "r", target: { claim: { name: "n", value: {} } }, untilMs: 1, why: "" }),
    ],
  ])("that is %s is bad", (_, bytes) => {
    expect(decodeQuestion(bytes).is).toBe("bad");
  });

  it("that fails says why, by a code of the wire's or as failed", () => {
    expect(decodeAnswer("state", encodeFailure("overloaded", "busy"))).toEqual({
      is: "failed",
      code: "overloaded",
      why: "busy",
    });
    expect(decodeAnswer("state", message(1, "failed", { code: "new", why: "?" }))).toMatchObject({
      is: "failed",
      code: "failed",
    });
  });

  it("that answers with what nobody may answer is bad", () => {
    expect(decodeAnswer("notice", message(1, "ok", { outcome: "perhaps" })).is).toBe("bad");
    expect(
      decodeAnswer("replies", message(1, "ok", { results: [{ connectionId: "c", is: "failure", code: "x", why: "" }] }))
        .is,
    ).toBe("bad");
    expect(decodeAnswer("replies", message(1, "ok", { results: [1] })).is).toBe("bad");
    for (const outcome of [undefined, { is: "stream" }, { is: "ok", json: 1 }, { is: "failed" }])
      expect(decodeAnswer("answer", message(1, "ok", { is: "known", outcome })).is).toBe("bad");
  });
});
