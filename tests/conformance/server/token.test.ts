import { createClient } from "@heddle/client";
import { jwt, signToken } from "@heddle/auth-jwt";
import { createServer, dangerouslyAllowAnonymous } from "@heddle/server";
import { describe, expect, it } from "vitest";
import { chat as chatContract, startChat } from "../support/chat.ts";
import { RawClient } from "../support/raw-client.ts";

const secret = "0123456789abcdef0123456789abcdef";
const past = { monotonicMs: () => 0, wallMs: () => Date.now() - 3_600_000, after: () => never(), turnEnd: never };

function never(): never {
  throw new Error("not asked for");
}

async function refusalOf(url: string, k: string | undefined): Promise<number> {
  const client = await RawClient.connect(url);
  client.say({ t: "hello", v: 1, pid: "raw-client", ...(k === undefined ? {} : { k }) });
  return (await client.closed).code;
}

describe("a server with jwt", () => {
  it("says who somebody is and how long their token lives", async () => {
    await using chat = await startChat({ auth: jwt({ secret }) });
    const token = await signToken({ secret, user: "ada", expiresInS: 600 });
    await using client = await RawClient.greet(`${chat.url}/realtime`, { k: token });
    const welcome = client.frames[0] as { u: string; exp: number } & (typeof client.frames)[0];
    expect(welcome.u).toBe("ada");
    expect(Math.abs(welcome.exp - Date.now() / 1_000 - 600)).toBeLessThan(10);
  });

  it("asks for another token when one is missing, forged or old", async () => {
    await using chat = await startChat({ auth: jwt({ secret }) });
    const url = `${chat.url}/realtime`;
    expect(await refusalOf(url, undefined)).toBe(4101);
    expect(await refusalOf(url, await signToken({ secret: secret.toUpperCase(), user: "ada" }))).toBe(4101);
    expect(await refusalOf(url, await signToken({ secret, user: "ada", expiresInS: 60, clock: past }))).toBe(4100);
  });

  it("takes a fresh token on a running connection; what its claims no longer allow ends", async () => {
    await using server = createServer({ contract: chatContract, auth: jwt({ secret }) });
    server.channel("vault").authorize(({ claims }) => claims["level"] === 2);
    server
      .call("rename", ({ name }) => ({ name }))
      .call("placeOrder", () => ({ order: 1 }))
      .call("wait", () => ({}));
    const { url } = await server.listen({ port: 0, host: "127.0.0.1" });
    const token = (level: number) => signToken({ secret, user: "ada", expiresInS: 600, claims: { level } });
    await using client = await RawClient.greet(`${url}/realtime`, { k: await token(2) });
    client.say({ t: "sub", r: 1, ch: "vault", at: "live" }, { t: "sub", r: 2, ch: "room/1", at: "live" });
    const { c } = await client.answer(1);
    await client.answer(2);
    client.say({ t: "auth", r: 3, k: await token(1) });
    expect(await client.answer(3)).toMatchObject({ t: "ok", exp: expect.any(Number) as number });
    expect(await client.next("unsubd")).toMatchObject({ c, code: 203 });
    await client.settled();
    expect(client.frames.filter(({ t }) => t === "unsubd")).toHaveLength(1);
  });
});

describe("a token that ends soon", () => {
  const lifeMs = 1_500;
  const shortLived = async (token: string | undefined) =>
    token === undefined ? null : { user: "ada", expiresAtMs: Date.now() + lifeMs };

  it("is asked to be replaced on the running connection", async () => {
    await using chat = await startChat({ auth: shortLived });
    await using client = await RawClient.greet(`${chat.url}/realtime`, { k: "first" });
    const { exp } = client.frames[0] as unknown as { exp: number };
    expect(await client.next("reauth")).toMatchObject({ exp });
    client.say({ t: "auth", r: 1, k: "second" });
    expect(await client.answer(1)).toMatchObject({ t: "ok", exp: expect.any(Number) as number });
  });

  it("is replaced by the client in time, without another connection", async () => {
    await using chat = await startChat({ auth: shortLived });
    const reasons: string[] = [];
    let renewed = (): void => undefined;
    const isRenewed = new Promise<void>((resolve) => {
      renewed = resolve;
    });
    const token = ({ reason }: { readonly reason: string }): string => {
      reasons.push(reason);
      if (reasons.length === 3) renewed();
      return `token-${reasons.length}`;
    };
    await using client = createClient<typeof chatContract>({ url: `${chat.url}/realtime`, token });
    client.connect();
    await isRenewed; // twice, so the answer to the first was understood
    expect(reasons).toEqual(["connect", "expiring", "expiring"]);
    expect(client.state.name).toBe("online");
    expect(client.stats.connects).toBe(1);
  });
});

describe("anonymous sessions", () => {
  it("use channels that ask nobody, keep their identity over reconnects, and are not let in elsewhere", async () => {
    await using chat = await startChat({ auth: dangerouslyAllowAnonymous() });
    const url = `${chat.url}/realtime`;
    await using first = await RawClient.greet(url);
    first.say({ t: "sub", r: 1, ch: "room/1", at: "live" }, { t: "sub", r: 2, ch: "vault", at: "live" });
    expect((await first.answer(1)).t).toBe("subd");
    expect(await first.answer(2)).toMatchObject({ code: 203 });
    const welcome = first.frames[0] as Record<string, unknown>;
    expect(welcome).not.toHaveProperty("u");
    await using again = await RawClient.greet(url, { an: welcome["an"] });
    expect(again.frames[0]).toMatchObject({ x: welcome["x"] });
    await using other = await RawClient.greet(url);
    expect(other.frames[0]?.["x"]).not.toBe(welcome["x"]);
    expect(await refusalOf(url, "some token")).toBe(4101);
  });
});
