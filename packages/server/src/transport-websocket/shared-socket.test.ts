import { utf8Decode, utf8Encode } from "@heddle/base";
import { FakeClock } from "@heddle/base/fakes";
import type { ConnectionPort, Frame, FrameKind } from "@heddle/hub/ports";
import { wireLimits } from "@heddle/protocol";
import type { PreparedFrame, WebSocketConnection } from "@heddle/websocket";
import { describe, expect, it } from "vitest";
import { SharedSocket, type SharedSocketOptions } from "./shared-socket.ts";

const frameOf = (text: string, kind: FrameKind = "m"): Frame => ({
  ...{ bytes: utf8Encode(text), cost: text.length, kind, alias: 1, prev: undefined, packed: undefined },
});

/** A socket, and the hub's sessions on it in the order they began. */
function scene(changes: Partial<SharedSocketOptions> = {}) {
  const clock = new FakeClock();
  let pending: (PreparedFrame | string)[] = [];
  const closes: number[] = [];
  const reported: unknown[] = [];
  const sessions: { port: ConnectionPort; got: string[]; ends: [number, string][] }[] = [];
  const connection = {
    queuedBytes: 7,
    start() {},
    send: (frame: PreparedFrame) => pending.push(frame),
    sendText: (text: string) => pending.push(text),
    takeBack(isWanted: (frame: PreparedFrame) => boolean) {
      const taken = pending.filter((each) => typeof each !== "string" && isWanted(each));
      pending = pending.filter((each) => !taken.includes(each));
      return taken;
    },
    close: (code: number) => closes.push(code),
  };
  const socket = new SharedSocket(
    connection as unknown as WebSocketConnection,
    { address: "1.2.3.4", transport: "websocket" },
    {
      clock,
      isReady: () => true,
      addressRefusal: () => undefined,
      report: (error) => reported.push(error),
      accept(port) {
        const session = { port, got: [] as string[], ends: [] as [number, string][] };
        sessions.push(session);
        return {
          receive(text) {
            if (text === "bug") throw new Error("bug");
            session.got.push(String(text));
          },
          closed: (code, why) => void session.ends.push([code, why]),
        };
      },
      ...changes,
    },
  );
  socket.start();
  const sent = (): string[] =>
    pending.map((each) => (typeof each === "string" ? each : utf8Decode(each.wire.subarray(2))));
  const session = (index: number) => sessions[index] as (typeof sessions)[number];
  return { clock, socket, sessions, session, sent, closes, reported };
}

describe("a socket that tabs share", () => {
  it("gives each number a session of its own, and each session's frames its number", () => {
    const { socket, session, sent } = scene();
    for (const text of ["1\na", "2\nb\nc", "1\nd"]) socket.onText(text);
    expect([session(0).got, session(1).got]).toEqual([["a", "d"], ["b\nc"]]);
    session(1).port.send(frameOf("x"));
    session(0).port.send(frameOf("y"));
    expect(sent()).toEqual(["2\nx", "1\ny"]);
  });

  it("takes back what is one session's and may be dropped, and leaves the others'", () => {
    const { socket, session, sent } = scene();
    for (const text of ["1\na", "2\nb"]) socket.onText(text);
    const [one, two] = [session(0).port, session(1).port];
    const [entry, answer] = [frameOf("entry"), frameOf("answer", "control")];
    for (const frame of [entry, answer]) one.send(frame);
    two.send(frameOf("other"));
    expect(one.takeBack()).toEqual([entry]);
    expect(sent()).toEqual(["1\nanswer", "2\nother"]);
  });

  it("ends a session alone, by either side, once, and ignores what comes for it later", () => {
    const { clock, socket, sessions, session, sent, closes } = scene();
    for (const text of ["1\na", "2\nb"]) socket.onText(text);
    session(0).port.close(4410, "superseded");
    socket.onText("1\nlate");
    socket.onText("2 4002 silent");
    clock.endTurn();
    socket.onText("2\nlate");
    expect(sessions.map(({ got, ends }) => [got, ends])).toEqual([
      [["a"], [[4410, "superseded"]]],
      [["b"], [[4002, "silent"]]],
    ]);
    expect([sent(), closes]).toEqual([["1 4410 superseded"], []]);
  });

  it("tells every session that its link was lost when the tab that had the socket is closed", () => {
    const { socket, session } = scene();
    for (const text of ["1\na", "2\nb"]) socket.onText(text);
    socket.onClose(1001, "");
    expect([session(0).ends, session(1).ends]).toEqual([[[1006, ""]], [[1006, ""]]]);
  });

  it("ends the session whose message met a bug, and says so, while the others go on", () => {
    const { socket, session, sent, reported } = scene();
    for (const text of ["1\na", "2\nbug", "1\nb"]) socket.onText(text);
    expect([session(0).got, sent(), reported.length]).toEqual([["a", "b"], ["2 4003 internal error"], 1]);
  });

  it("closes with 4400 on a message that is no session's, and with 1003 on a binary one", () => {
    const { socket, closes } = scene();
    for (const text of ["hello", "1", "-1\na", "1 99 why", '{"t":"hello"}']) socket.onText(text);
    socket.onBinary();
    expect(closes).toEqual([4400, 4400, 4400, 4400, 4400, 1003]);
  });

  it("takes no session beyond its limit, of an address that comes too often, or while nobody is taken", () => {
    const full = scene();
    for (let n = 1; n <= wireLimits.tabCount + 1; n++) full.socket.onText(`${n}\nhello`);
    expect([full.sessions.length, full.sent()]).toEqual([
      wireLimits.tabCount,
      [`${wireLimits.tabCount + 1} 4004 too many tabs`],
    ]);
    const fast = scene({ addressRefusal: () => ({ why: "too fast" }) });
    fast.socket.onText("1\nhello");
    expect([fast.sessions.length, fast.sent()]).toEqual([0, ["1 4029 too fast"]]);
    const leaving = scene({ isReady: () => false });
    leaving.socket.onText("1\nhello");
    expect([leaving.sessions.length, leaving.sent()]).toEqual([0, ["1 4000 takes nobody new"]]);
  });
});
