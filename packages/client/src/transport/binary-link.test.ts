import { messagePackClientCodec, messagePackCodec } from "@heddle/protocol/msgpack";
import { describe, expect, it } from "vitest";
import { binaryLink, offeredWith, type BinaryLink } from "./binary-link.ts";

/** A link over a socket that only notes what it is told. */
function scene(): { below: BinaryLink; sent: (string | Uint8Array)[]; heard: unknown[][]; closedWith: unknown[] } {
  const sent: (string | Uint8Array)[] = [];
  const heard: unknown[][] = [];
  const closedWith: unknown[] = [];
  const below = binaryLink(
    messagePackClientCodec,
    {
      opened: () => heard.push(["opened"]),
      message: (text, cost) => heard.push(["message", text, cost]),
      closed: (code) => heard.push(["closed", code]),
    },
    () => ({ send: (message) => sent.push(message), close: (code) => closedWith.push(code) }),
  );
  return { below, sent, heard, closedWith };
}

const ping = messagePackCodec.encode({ t: "ping" }).bytes;

describe("a link that may carry MessagePack", () => {
  it("offers it before JSON, and JSON alone without a codec", () => {
    expect(offeredWith(messagePackClientCodec)).toEqual(["heddle.v1.mp", "heddle.v1.json"]);
    expect(offeredWith(undefined)).toEqual(["heddle.v1.json"]);
  });

  it("translates both ways when the server picked it, with what each frame costs", () => {
    const { below, sent, heard } = scene();
    below.opened("heddle.v1.mp");
    below.link.send('{"t":"ping"}\n{"t":"pong"}');
    expect(messagePackCodec.decode(sent[0] as Uint8Array).map(({ value }) => value)).toEqual([
      { t: "ping" },
      { t: "pong" },
    ]);
    below.message(Uint8Array.from([...ping, ...ping]));
    const told = ["message", '{"t":"ping"}', ping.length];
    expect(heard).toEqual([["opened"], told, told]);
  });

  it.each(["heddle.v1.json", ""])("leaves everything as it is when the server picked %j", (picked) => {
    const { below, sent, heard } = scene();
    below.opened(picked);
    below.link.send("text");
    below.message('{"t":"ping"}');
    expect(sent).toEqual(["text"]);
    expect(heard).toEqual([["opened"], ["message", '{"t":"ping"}', undefined]]);
  });

  it.each([
    ["heddle.v1.mp", "text", 1003],
    ["heddle.v1.json", ping, 1003],
    ["heddle.v1.mp", new Uint8Array([1]), 4400],
    ["heddle.v1.mp", new Uint8Array([0x92, 18, 0x80]), 4400],
  ])("in %s ends once by %j with %d, and hears nothing more", (picked, message, code) => {
    const { below, heard, closedWith } = scene();
    below.opened(picked);
    below.message(message);
    below.message(message);
    below.closed(1006, "late");
    expect(heard).toEqual([["opened"], ["closed", code]]);
    expect(closedWith).toEqual([code]);
  });
});
