import { describe, expect, it } from "vitest";
import { frameHeader, packClose, packFrame, prepareText, writeMasked } from "./frame.ts";
import { isSendableCloseCode } from "./close-code.ts";
import { opcodes } from "./opcode.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("frames", () => {
  it("are the ones RFC 6455 §5.7 shows", () => {
    expect(hex(prepareText(Buffer.from("Hello")).wire)).toBe("810548656c6c6f");
    expect(hex(packFrame(opcodes.ping, Buffer.from("Hello")))).toBe("890548656c6c6f");
    const masked = new Uint8Array(11);
    expect(writeMasked(masked, 0, prepareText(Buffer.from("Hello")).wire, 0x37fa213d)).toBe(11);
    expect(hex(masked)).toBe("818537fa213d7f9f4d5158");
    expect(hex(frameHeader(opcodes.binary, 256))).toBe("827e0100");
    expect(hex(frameHeader(opcodes.binary, 65_536))).toBe("827f0000000000010000");
  });

  it.each([
    [125, "827d"],
    [126, "827e007e"],
    [65_535, "827effff"],
    [65_536, "827f0000000000010000"],
    [2 ** 32 + 5, "827f0000000100000005"],
  ])("have the shortest header for %i bytes", (payloadBytes, wanted) => {
    expect(hex(frameHeader(opcodes.binary, payloadBytes))).toBe(wanted);
  });

  it.each([3, 200, 70_000])("keep their payload when masked, %i bytes behind other frames", (payloadBytes) => {
    const payload = new Uint8Array(payloadBytes).map((_, index) => index % 251);
    const wire = packFrame(opcodes.binary, payload);
    const target = new Uint8Array(7 + wire.length + 4);
    expect(writeMasked(target, 7, wire, 0x01020304)).toBe(target.length);
    const headerBytes = wire.length - payloadBytes;
    expect(target[8]).toBe((wire[1] as number) | 0x80);
    expect(hex(target.subarray(7 + headerBytes, 11 + headerBytes))).toBe("01020304");
    expect(target.subarray(11 + headerBytes).map((byte, index) => byte ^ ((index % 4) + 1))).toEqual(payload);
  });

  it("close with an empty body when there is no code, else with code and reason", () => {
    expect(hex(packClose(undefined))).toBe("8800");
    expect(hex(packClose(1000))).toBe("880203e8");
    expect(hex(packClose(4001, "slö"))).toBe("88060fa1736cc3b6");
  });
});

describe("isSendableCloseCode", () => {
  it("takes exactly the codes of §7.4 and its registry", () => {
    const good = Array.from({ length: 6_000 }, (_, code) => code).filter(isSendableCloseCode);
    const wanted = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
    for (let code = 3000; code <= 4999; code++) wanted.push(code);
    expect(good).toEqual(wanted);
    expect([1000.5, -1, NaN, 65_536].filter(isSendableCloseCode)).toEqual([]);
  });
});
