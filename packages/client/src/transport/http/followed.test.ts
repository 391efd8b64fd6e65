import { describe, expect, it } from "vitest";
import { newFollowed } from "./followed.ts";

const subd = (over: object): string =>
  JSON.stringify({ t: "subd", r: 1, ch: "room/1", c: 7, p: ["E", 10, 77], m: "resume", rec: "none", ...over });
const m = (c: number, o: number): string => `{"t":"m","c":${c},"o":${o},"g":${o + 100},"d":{"c":7}}`;

/** One subscription that was answered with `over`. */
function scene(over: object = {}) {
  const followed = newFollowed();
  followed.sub({ r: 1, ch: "room/1", at: "live" });
  followed.ask();
  const told = followed.take(subd(over));
  return { followed, told: told === undefined ? undefined : (JSON.parse(told) as object) };
}

describe("what is followed over one answer after another", () => {
  it("keeps the alias the client heard first, whatever later answers call the channel", () => {
    const { followed, told } = scene();
    expect(told).toMatchObject({ t: "subd", r: 1, c: 1 });
    expect(followed.take(m(7, 11))).toBe(m(1, 11));
    expect(followed.ask()).toEqual([{ ch: "room/1", r: 2 ** 31, at: ["pos", "E", 11, 111] }]);
    expect(followed.take(subd({ r: 2 ** 31, c: 40, p: ["E", 11, 111], rec: "full" }))).toBe(undefined);
    expect(followed.take(m(7, 12))).toBe(undefined); // an alias of the answer before
    expect(followed.take(m(40, 12))).toBe(m(1, 12));
    expect(followed.take(`{"t":"live","c":40,"p":["E",12,112]}`)).toBe(`{"t":"live","c":1,"p":["E",12,112]}`);
  });

  it("tells a gap between two answers as one on the connection, and goes on behind it", () => {
    const { followed } = scene();
    followed.ask();
    const gap = { why: "expired", from: ["E", 10, 77], to: ["E", 50, 5] };
    const told = followed.take(subd({ r: 2 ** 31, c: 9, p: ["E", 50, 5], rec: "gap", gap }));
    expect(JSON.parse(told ?? "")).toEqual({ t: "gap", c: 1, ...gap });
    expect(followed.ask()[0]?.at).toEqual(["pos", "E", 50, 5]);
  });

  it("carries tickets on, and begins anew where there is no log", () => {
    const { followed } = scene({ j: "ticket", p: undefined });
    expect(followed.take('{"t":"m","c":7,"e":"typing","d":1}')).toBe('{"t":"m","c":1,"e":"typing","d":1}');
    expect(followed.ask()).toEqual([{ ch: "room/1", r: 2 ** 31, at: "live", j: "ticket" }]);
  });

  it("tells a refusal to who asked, and later as the end of the subscription", () => {
    const first = newFollowed();
    first.sub({ r: 5, ch: "vault", at: "live" });
    first.ask();
    expect(first.take('{"t":"err","r":5,"code":203,"name":"forbidden"}')).toBe(
      '{"t":"err","r":5,"code":203,"name":"forbidden"}',
    );
    expect(first.ask()).toEqual([]);

    const { followed } = scene();
    followed.ask();
    const told = followed.take(`{"t":"err","r":${2 ** 31},"code":203,"name":"forbidden","why":"not any more"}`);
    expect(JSON.parse(told ?? "")).toEqual({ t: "unsubd", c: 1, code: 203, why: "not any more" });
    expect(followed.ask()).toEqual([]);
  });

  it("asks again under the client's number until that is answered, and hears nothing of what was left meanwhile", () => {
    const followed = newFollowed();
    followed.sub({ r: 1, ch: "room/1", at: ["last", 5] });
    expect(followed.ask()[0]).toMatchObject({ r: 1, at: ["last", 5] });
    expect(followed.ask()[0]).toMatchObject({ r: 1 });
    expect(followed.awaits("room/1")).toBe(true);
    expect(followed.unsub("room/1")).toBe(true);
    expect(followed.unsub("room/1")).toBe(false);
    expect(followed.take(subd({}))).toBe(undefined);
    expect(followed.take(m(7, 11))).toBe(undefined);
  });

  it("hears of notices as they are, and of what the server subscribes by itself", () => {
    const followed = newFollowed();
    followed.ask();
    expect(followed.take('{"t":"m","c":0,"e":"notify","d":{}}')).toBe('{"t":"m","c":0,"e":"notify","d":{}}');
    const told = followed.take('{"t":"subd","ch":"$me","c":3,"p":["N",4,9],"m":"resume","rec":"none"}');
    expect(JSON.parse(told ?? "")).toMatchObject({ ch: "$me", c: 1 });
    expect(followed.ask()).toEqual([{ ch: "$me", r: 2 ** 31, at: ["pos", "N", 4, 9] }]);
  });
});
