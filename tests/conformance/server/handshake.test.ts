import { describe, expect, it } from "vitest";
import { startChat } from "../support/chat.ts";
import { RawClient } from "../support/raw-client.ts";

const jsonFrames = { protocols: ["heddle.v1.json"] };

describe("the origin of a page", () => {
  it("must be the host it connects to", async () => {
    await using chat = await startChat();
    const { host } = new URL(chat.url);
    await using own = await RawClient.greet(`${chat.url}/realtime`, { k: "u1" }, { origin: `http://${host}` });
    expect(own.frames[0]?.t).toBe("welcome");
    for (const origin of ["http://evil.example", "null", `http://${host}.evil.example`]) {
      await expect(RawClient.connect(`${chat.url}/realtime`, { origin })).rejects.toThrow("HTTP 403");
    }
  });

  it("may be one of a list instead", async () => {
    await using chat = await startChat({ origins: ["https://app.example.com", "https://*.example.org"] });
    const { host } = new URL(chat.url);
    const connect = async (origin: string): Promise<string> => {
      try {
        await using client = await RawClient.connect(`${chat.url}/realtime`, { origin });
        return client.socket.readyState === 1 ? "open" : "closed";
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(await connect("https://app.example.com")).toBe("open");
    expect(await connect("https://eu.example.org")).toBe("open");
    expect(await connect(`http://${host}`)).toBe("HTTP 403");
  });

  it("is not asked of programs, which name none", async () => {
    await using chat = await startChat({ origins: [] });
    await using client = await RawClient.greet(`${chat.url}/realtime`, { k: "u1" });
    expect(client.frames[0]?.t).toBe("welcome");
  });
});

describe("a handshake", () => {
  it("whose head is over 16 KiB is answered 431, by Node itself", async () => {
    await using chat = await startChat();
    const headers = { "X-Long": "a".repeat(20_000) };
    await expect(RawClient.connect(`${chat.url}/realtime`, { headers })).rejects.toThrow("HTTP 431");
  });

  it("for another path is answered 404", async () => {
    await using chat = await startChat();
    await expect(RawClient.connect(`${chat.url}/elsewhere`)).rejects.toThrow("HTTP 404");
  });
});

describe("the token", () => {
  it.each([
    ["none", {}],
    ["an empty one", { k: "" }],
  ])("is demanded: %s is answered bye 4101 and closed", async (_name, hello) => {
    await using chat = await startChat();
    const client = await RawClient.connect(`${chat.url}/realtime`, jsonFrames);
    client.say({ t: "hello", v: 1, pid: "raw-client", ...hello });
    expect(await client.next("bye")).toMatchObject({ code: 4101 });
    expect(await client.closed).toMatchObject({ code: 4101 });
    expect(client.frames).toHaveLength(1);
  });

  it("that cannot be checked now sends the client away for a moment, not for good", async () => {
    await using chat = await startChat({
      auth: () => {
        throw new Error("database down");
      },
    });
    const client = await RawClient.connect(`${chat.url}/realtime`, jsonFrames);
    client.say({ t: "hello", v: 1, pid: "raw-client", k: "u1" });
    const { code, after } = await client.next("bye");
    expect(code).toBe(4004);
    expect(after).toBeGreaterThanOrEqual(5_000);
    expect(chat.logger.errors()).toHaveLength(1);
  });

  it("never shows up in what the server logs", async () => {
    await using chat = await startChat({ auth: () => null });
    const client = await RawClient.connect(`${chat.url}/realtime`);
    client.say({ t: "hello", v: 1, pid: "raw-client", k: "very-secret-token" });
    await client.closed;
    expect(JSON.stringify(chat.logger.lines)).not.toContain("very-secret-token");
  });
});

describe("the subprotocol", () => {
  it("is the JSON codec when offered, wherever it stands in the list", async () => {
    await using chat = await startChat();
    const protocols = ["heddle.v9.mp", "heddle.v1.json"];
    await using client = await RawClient.greet(`${chat.url}/realtime`, { k: "u1" }, { protocols } as object);
    expect(client.socket.protocol).toBe("heddle.v1.json");
  });

  it("is the JSON codec when nothing is offered, so that any WebSocket tool can speak it", async () => {
    await using chat = await startChat();
    await using client = await RawClient.greet(`${chat.url}/realtime`, { k: "u1" });
    expect(client.socket.protocol).toBe("");
    client.say({ t: "sub", r: 1, ch: "room/42", at: "live" });
    await client.answer(1);
    client.say({ t: "pub", r: 2, ch: "room/42", e: "message", n: 1, pn: 0, d: { text: "hi" } });
    expect((await client.next("m"))["d"]).toEqual({ text: "hi" });
    expect((await client.answer(2)).t).toBe("ok");
  });

  it("of our family that is not spoken is echoed, then the reason is told with 4406", async () => {
    await using chat = await startChat();
    const client = await RawClient.connect(`${chat.url}/realtime`, { protocols: ["heddle.v9.mp", "heddle.v9.json"] });
    expect(client.socket.protocol).toBe("heddle.v9.mp");
    expect(await client.next("bye")).toMatchObject({ code: 4406, why: "only heddle.v1.json is spoken here" });
    expect(await client.closed).toMatchObject({ code: 4406 });
  });

  it("of another family is not spoken here", async () => {
    await using chat = await startChat();
    // The handshake has no common subprotocol, which this client treats as a failure, as browsers do.
    await expect(RawClient.connect(`${chat.url}/realtime`, { protocols: ["graphql-ws"] })).rejects.toThrow(
      /no subprotocol/,
    );
    expect(chat.server.stats().counters?.sessions).toBe(0);
  });

  it("is text: bytes are answered 1003", async () => {
    await using chat = await startChat();
    const client = await RawClient.greet(`${chat.url}/realtime`, { k: "u1" });
    client.sayText(Buffer.from([1, 2, 3]));
    expect(await client.closed).toMatchObject({ code: 1003 });
  });
});
