import { decode, encode } from "@msgpack/msgpack";
import { utf8Encode } from "@heddle/base";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonCodec, type PublicationBody, type ServerFrame } from "../index.ts";
import { MessagePackError, messagePackClientCodec, messagePackCodec } from "./index.ts";
import { MessagePackReader } from "./reader.ts";
import { MessagePackWriter } from "./writer.ts";

const bytesOf = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
const written = (value: unknown): Uint8Array => {
  const writer = new MessagePackWriter(1);
  writer.value(value);
  return writer.finish();
};
/** A `ping` with one more key. */
const withKey = (key: string, ...value: number[]): Uint8Array =>
  bytesOf(0x92, 26, 0x81, 0xa0 | key.length, ...utf8Encode(key), ...value);
const codeOf = (message: Uint8Array): unknown => {
  try {
    return messagePackCodec.decode(message);
  } catch (error) {
    return error instanceof MessagePackError ? error.code : error;
  }
};

/** Any value of a frame outside payloads. */
const plain = fc
  .jsonValue()
  .map(
    (value) =>
      JSON.parse(JSON.stringify(value), (key, inner: unknown) =>
        ["d", "snap", "b", "__proto__"].includes(key) ? undefined : inner,
      ) as unknown,
  );

describe("what is written", () => {
  it.each([
    ...[0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER, 1.5, 1e300],
    ...[-1, -32, -33, -128, -129, -32_768, -32_769, -(2 ** 31), -(2 ** 31) - 1, Number.MIN_SAFE_INTEGER],
  ])("of the number %d is the shortest form, as another library writes it", (number) => {
    // That one writes what does not fit 32 bits as 64 bits alike.
    expect(written(number)).toEqual(encode(number));
  });

  it.each([0, 31, 32, 64, 65, 255, 256, 65_536])(
    "of a text of %d characters is what another library writes",
    (length) => {
      for (const text of ["a".repeat(length), "é".repeat(length)]) expect(written(text)).toEqual(encode(text));
    },
  );

  it("of any value is read the same by another library", () => {
    fc.assert(
      fc.property(plain, (value) => {
        expect(decode(written(value))).toEqual(value);
      }),
    );
  });

  it("takes only JSON values", () => {
    expect(() => written([() => 1])).toThrow(TypeError);
  });
});

describe("what another library writes", () => {
  it("is read the same, whatever the value", () => {
    fc.assert(
      fc.property(plain, (value) => {
        const reader = new MessagePackReader(encode([99, { it: value }]));
        expect(reader.frame(String)).toEqual({ t: "99", it: value });
        expect(reader.isAtEnd).toBe(true);
      }),
    );
  });

  it("may be longer than needed: float 32, and counts and numbers in wide forms", () => {
    expect(messagePackCodec.decode(withKey("x", 0xca, 0x3f, 0xc0, 0, 0))[0]?.value).toEqual({ t: "ping", x: 1.5 });
    const wide = bytesOf(
      0x92,
      0xcd,
      0,
      26,
      0xdf,
      0,
      0,
      0,
      1,
      0xdb,
      0,
      0,
      0,
      1,
      0x78,
      0xdd,
      0,
      0,
      0,
      1,
      0xd3,
      ...Array<number>(8).fill(0xff),
    );
    expect(messagePackCodec.decode(wide)[0]?.value).toEqual({ t: "ping", x: [-1] });
  });
});

describe("a message from outside", () => {
  it.each([
    ["that ends early", bytesOf(0x92, 26, 0x81, 0xa1), "truncated"],
    ["with text longer than what came", withKey("x", 0xdb, 0xff, 0xff, 0xff, 0xff), "truncated"],
    ["with an array longer than what came", withKey("x", 0xdd, 0xff, 0xff, 0xff, 0xff), "truncated"],
    ["with a map longer than what came", withKey("x", 0xde, 0xff, 0xff), "truncated"],
    ["with an extension", withKey("x", 0xd6, 0xff, 0, 0, 0, 0), "type-refused"],
    ["with the unused head", withKey("x", 0xc1), "type-refused"],
    ["with a key that is no text", bytesOf(0x92, 26, 0x81, 1, 1), "type-refused"],
    ["nested too deep", withKey("x", ...Array<number>(100).fill(0x91), 1), "too-deep"],
    ["with text that is no UTF-8", withKey("x", 0xa1, 0xff), "not-utf8"],
    ["that is a map", bytesOf(0x80), "not-a-frame"],
    ["that is an array of three", bytesOf(0x93, 26, 0x80, 0x80), "not-a-frame"],
    ["whose number is none", bytesOf(0x92, 0xa1, 0x78, 0x80), "not-a-frame"],
    ["whose keys are a list", bytesOf(0x92, 26, 0x90), "not-a-frame"],
    ["whose payload is no JSON text", withKey("d", 0xc4, 1, 0x7b), "payload-invalid"],
    ["whose payload is a value of its own", withKey("d", 1), "payload-invalid"],
  ])("%s is refused by name", (_, message, code) => expect(codeOf(message)).toBe(code));

  it("cannot change its type or what an object inherits", () => {
    const message = encode([26, { t: "hello", ["__proto__"]: { isAdmin: true } }]);
    const value = messagePackCodec.decode(message)[0]?.value as { readonly isAdmin?: boolean };
    expect(value).toEqual({ t: "ping" });
    expect(value.isAdmin).toBeUndefined();
  });

  it("names a frame nobody knows so that it is ignored, and from 128 on critical", () => {
    const types = [127, 128, 300].map((number) => messagePackCodec.decode(encode([number, {}]))[0]?.value);
    expect(types).toEqual([{ t: "127" }, { t: "!128" }, { t: "!300" }]);
  });

  it("of any bytes is frames or an error of ours", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(codeOf(bytes)).not.toBeInstanceOf(Error);
      }),
      { numRuns: 500 },
    );
  });

  it("that was good and then altered is frames or an error of ours, on both sides", () => {
    const good = [
      encode([4, { r: 1, ch: "room/1", e: "message", n: 1, pn: 0, d: utf8Encode('{"text":"hi"}') }]),
      encode([1, { v: 1, pid: "12345678", subs: [{ r: 1, ch: "a", at: ["pos", "E", 1, 2] }], f: ["x"] }]),
      messagePackCodec.publication(7, body).bytes,
    ];
    const altered = fc.tuple(fc.constantFrom(...good), fc.array(fc.tuple(fc.nat(255), fc.nat(255)), { maxLength: 4 }));
    fc.assert(
      fc.property(altered, ([bytes, changes]) => {
        const message = bytes.slice();
        for (const [at, value] of changes) message[at % message.length] = value;
        expect(codeOf(message)).not.toBeInstanceOf(Error);
        try {
          messagePackClientCodec.decode(message);
        } catch (error) {
          expect(error).toBeInstanceOf(MessagePackError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

const body: PublicationBody = {
  pos: { epoch: "E", offset: 107, tag: 991_188 },
  prevOffset: 105,
  event: "message",
  id: "x:1",
  key: "k",
  ts: 1_800_000_000_000,
  user: "u1",
  traceparent: "",
  kind: "json",
  data: utf8Encode('{"text":"é"}'),
};

describe("a frame of the server", () => {
  /** As a client reads it, in either codec. */
  const inBoth = (make: (codec: typeof jsonCodec) => { bytes: Uint8Array; cost: number }): [unknown, unknown] => {
    const binary = make(messagePackCodec);
    const [frame] = messagePackClientCodec.decode(binary.bytes);
    expect(frame?.cost).toBe(binary.bytes.length);
    expect(binary.cost).toBe(binary.bytes.length);
    return [JSON.parse(frame?.text ?? ""), jsonCodec.decode(make(jsonCodec).bytes)[0]?.value];
  };

  it.each([
    ["a publication", body],
    [
      "one without anything optional",
      { ...body, pos: undefined, key: "", ts: 0, user: "" } as unknown as PublicationBody,
    ],
    ["bytes", { ...body, kind: "bytes", data: bytesOf(0, 255, 10) } as PublicationBody],
  ])("says the same in both codecs: %s", (_, given) => {
    const [binary, json] = inBoth((codec) => codec.publication(7, given));
    expect(binary).toEqual(json);
  });

  it("says the same in both codecs with a payload pasted in, and a page of history", () => {
    const subd: ServerFrame = { t: "subd", r: 1, ch: "a", c: 1, p: ["E", 0, 1], m: "resume", rec: "none" };
    const [pasted, pastedJson] = inBoth((codec) => codec.encode(subd, { key: "snap", json: '{"a":[1]}' }));
    expect(pasted).toEqual(pastedJson);
    const [page, pageJson] = inBoth((codec) => codec.history(3, { entries: [body], p: ["E", 1, 2], more: true }));
    expect(page).toEqual(pageJson);
  });

  it("that lacks a key is refused by the client", () => {
    expect(() => messagePackClientCodec.decode(encode([18, { o: 1 }]))).toThrow(MessagePackError);
  });
});

describe("the size of a client's frame", () => {
  it("counts text in UTF-16 units and the rest in bytes", () => {
    const [short, wide] = ["aa", "語é"].map((text) => encode([4, { ch: text, d: utf8Encode(JSON.stringify([text])) }]));
    const sizeOf = (message: Uint8Array | undefined): unknown => messagePackCodec.decode(message ?? bytesOf())[0]?.cost;
    expect(sizeOf(short)).toBe(short?.length);
    expect(sizeOf(wide)).toBe(short?.length);
  });

  it("is not larger than in JSON, whatever is published", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 50 }), fc.jsonValue({ maxDepth: 2 }), (text, d) => {
        const json = JSON.stringify({ t: "pub", r: 1, n: 1, pn: 0, ch: text, e: text, d });
        const [frame] = messagePackCodec.decode(messagePackClientCodec.encode(json));
        expect(frame?.cost).toBeLessThanOrEqual(json.length);
      }),
      { numRuns: 30 },
    );
  });
});
