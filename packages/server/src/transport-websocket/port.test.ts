import { Signal, utf8Decode, utf8Encode } from "@heddle/base";
import { jsonCodec, type Codec } from "@heddle/protocol";
import { messagePackCodec } from "@heddle/protocol/msgpack";
import { frameHeader, opcodes, type PreparedFrame, type WebSocketConnection } from "@heddle/websocket";
import type { ConnectionPort, ConnectionSink, Frame, FrameKind } from "@heddle/hub/ports";
import { describe, expect, it } from "vitest";
import { pack } from "./packed-frame.ts";
import { webSocketBulkSender, WebSocketPort } from "./port.ts";

/** What the port uses of a connection. */
class FakeConnection {
  pending: PreparedFrame[] = [];
  lists = 0;
  queuedBytes = 0;
  closedWith: [number, string] | undefined;

  start(): void {}
  send(frame: PreparedFrame): boolean {
    this.pending.push(frame);
    return true;
  }
  sendFrames(frames: readonly PreparedFrame[]): boolean {
    this.lists++;
    this.pending.push(...frames);
    return true;
  }
  takeBack(isWanted: (frame: PreparedFrame) => boolean): PreparedFrame[] {
    const taken = this.pending.filter(isWanted);
    this.pending = this.pending.filter((frame) => !isWanted(frame));
    return taken;
  }
  close(code: number, reason: string): void {
    this.closedWith ??= [code, reason];
  }
}

const frameOf = (text: string, kind: FrameKind = "m"): Frame => ({
  ...{ bytes: utf8Encode(text), cost: text.length, kind, alias: 1, prev: undefined, packed: undefined },
});

function portOn(
  connection = new FakeConnection(),
  codec: Codec = jsonCodec,
): {
  port: WebSocketPort;
  connection: FakeConnection;
  reported: unknown[];
} {
  const reported: unknown[] = [];
  const port = new WebSocketPort(connection as unknown as WebSocketConnection, codec, (error) => reported.push(error));
  return { port, connection, reported };
}

function recordingSink(receive: ConnectionSink["receive"] = () => {}): {
  sink: ConnectionSink;
  ends: [number, string][];
} {
  const ends: [number, string][] = [];
  return { sink: { receive, closed: (code, why) => void ends.push([code, why]) }, ends };
}

describe("a frame of the hub", () => {
  it("becomes one text frame with its header", () => {
    const { wire } = pack(frameOf("x".repeat(300)), opcodes.text);
    expect([...wire.subarray(0, 4)]).toEqual([...frameHeader(opcodes.text, 300)]);
    expect(utf8Decode(wire.subarray(4))).toBe("x".repeat(300));
  });

  it("is packed once, whoever sends it", () => {
    const frame = frameOf("shared");
    const [a, b, c] = [portOn(), portOn(), portOn()];
    a.port.send(frame);
    webSocketBulkSender.sendAll([frame], [b.port, c.port]);
    expect(b.connection.pending).toEqual([pack(frame, opcodes.text)]);
    expect(a.connection.pending[0]).toBe(b.connection.pending[0]);
    expect(b.connection.pending[0]).toBe(c.connection.pending[0]);
  });
});

describe("the bulk sender", () => {
  it("appends the frames to every queue, in order, behind what waits there", () => {
    const [one, two] = [portOn(), portOn()];
    one.port.send(frameOf("first", "control"));
    const frames = [frameOf("a"), frameOf("b"), frameOf("c")];
    webSocketBulkSender.sendAll(frames, [one.port, two.port]);
    const texts = (pending: PreparedFrame[]) => pending.map(({ wire }) => utf8Decode(wire.subarray(2)));
    expect(texts(one.connection.pending)).toEqual(["first", "a", "b", "c"]);
    expect(texts(two.connection.pending)).toEqual(["a", "b", "c"]);
    expect(two.connection.lists).toBe(1);
  });

  it("gives them to ports of other transports one by one", () => {
    const { port, connection } = portOn();
    const sent: Frame[] = [];
    const other: ConnectionPort = {
      ...{ codec: port.codec, windowed: false, queuedBytes: 0, writable: new Signal<void>() },
      ...{ send: (frame) => void sent.push(frame), takeBack: () => [], close: () => {} },
    };
    const frames = [frameOf("a"), frameOf("b")];
    webSocketBulkSender.sendAll(frames, [other, port]);
    expect(sent).toEqual(frames);
    expect(connection.pending).toHaveLength(2);
  });
});

describe("taking back", () => {
  it("returns the hub's own frame objects, oldest first, and leaves answers and the layer's own frames", () => {
    const { port, connection } = portOn();
    const [answer, m1, m2, part] = [frameOf("ok", "control"), frameOf("1"), frameOf("2", "skip"), frameOf("p", "part")];
    for (const frame of [answer, m1, m2, part]) port.send(frame);
    const pong: PreparedFrame = { wire: new Uint8Array([0x8a, 0]) };
    connection.send(pong);
    const taken = port.takeBack();
    expect(taken).toHaveLength(2);
    expect(taken[0]).toBe(m1);
    expect(taken[1]).toBe(m2);
    expect(connection.pending).toEqual([pack(answer, opcodes.text), pack(part, opcodes.text), pong]);
  });
});

describe("a port", () => {
  it("passes messages and the one end to the hub", () => {
    const { port } = portOn();
    const messages: (string | Uint8Array)[] = [];
    const { sink, ends } = recordingSink((message) => messages.push(message));
    port.start(sink);
    port.onText("one");
    port.onClose(1006, "gone");
    port.onClose(1006, "again");
    port.onText("late");
    expect(messages).toEqual(["one"]);
    expect(ends).toEqual([[1006, "gone"]]);
  });

  it("closes with 1003 when bytes come where text is spoken", () => {
    const { port, connection } = portOn();
    const { sink, ends } = recordingSink();
    port.start(sink);
    port.onBinary(new Uint8Array(1));
    expect(connection.closedWith?.[0]).toBe(1003);
    expect(ends).toEqual([[1003, "frames of this subprotocol are text"]]);
  });

  it("of a binary codec sends and takes bytes, and closes with 1003 when text comes", () => {
    const { port, connection } = portOn(new FakeConnection(), messagePackCodec);
    const messages: (string | Uint8Array)[] = [];
    const { sink, ends } = recordingSink((message) => messages.push(message));
    port.start(sink);
    port.send(frameOf("one"));
    webSocketBulkSender.sendAll([frameOf("two")], [port]);
    webSocketBulkSender.sendAll([frameOf("three"), frameOf("four")], [port]);
    expect(connection.pending.map(({ wire }) => wire[0])).toEqual(Array(4).fill(0x80 | opcodes.binary));
    port.onBinary(new Uint8Array([1]));
    expect(messages).toEqual([new Uint8Array([1])]);
    port.onText("{}");
    expect(ends).toEqual([[1003, "frames of this subprotocol are binary"]]);
  });

  it("reports a bug a message met, and closes that connection alone with 4003", () => {
    const { port, connection, reported } = portOn();
    const bug = new Error("bug");
    const { sink, ends } = recordingSink(() => {
      throw bug;
    });
    port.start(sink);
    port.onText("{}");
    expect(reported).toEqual([bug]);
    expect(connection.closedWith?.[0]).toBe(4003);
    expect(ends).toEqual([[4003, "internal error"]]);
  });

  it("cuts a long reason between characters to what a close frame holds", () => {
    const { port, connection } = portOn();
    port.close(4400, "é".repeat(100));
    expect(connection.closedWith).toEqual([4400, "é".repeat(61)]);
    const exact = portOn();
    exact.port.close(4400, "a".repeat(123));
    expect(exact.connection.closedWith).toEqual([4400, "a".repeat(123)]);
  });

  it("tells that the queue has drained", () => {
    const { port } = portOn();
    let told = 0;
    port.writable.on(() => told++);
    port.onWritable();
    expect(told).toBe(1);
  });
});
