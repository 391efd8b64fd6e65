// An issuer on a real local HTTP server, its keys changing; time is fake.

import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { FakeClock } from "@heddle/base/fakes";
import type { Authenticated } from "@heddle/hub/ports";
import { exportJWK, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { jwt } from "./jwt.ts";
import { remoteKeysLimits } from "./remote-keys.ts";
import { signToken } from "./sign-token.ts";

interface Signing {
  readonly kid: string;
  readonly alg: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const elliptic = (kid: string): Signing => ({
  ...{ kid, alg: "ES256" },
  ...generateKeyPairSync("ec", { namedCurve: "prime256v1" }),
});

class Issuer {
  keys: readonly Signing[];
  /** Answers instead of the key set while it is there. */
  instead: RequestListener | undefined;
  requestCount = 0;
  readonly clock = new FakeClock();
  readonly #server = createServer((request, response) => {
    this.requestCount++;
    if (this.instead !== undefined) return this.instead(request, response);
    void this.#jwks().then((jwks) => response.end(JSON.stringify(jwks)));
  });

  constructor(...keys: readonly Signing[]) {
    this.keys = keys;
  }

  async #jwks(): Promise<object> {
    const all = this.keys.map(async ({ kid, alg, publicKey }) => ({ ...(await exportJWK(publicKey)), kid, alg }));
    return { keys: await Promise.all(all) };
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/keys`;
  }

  async sign({ kid, alg, privateKey }: Signing, user: string): Promise<string> {
    const nowS = Math.floor(this.clock.wallMs() / 1_000);
    const token = new SignJWT({ sub: user, iat: nowS, exp: nowS + 3_600 });
    return token.setProtectedHeader({ alg, kid }).sign(privateKey);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const peer = { address: "127.0.0.1", transport: "websocket" } as const;
const userOf = (result: Authenticated): string | undefined =>
  result.is === "accepted" ? result.identity.userId : result.why;

async function opened(issuer: Issuer) {
  const errors: Record<string, unknown>[] = [];
  const logger = { debug: (): void => {}, error: (details: object) => void errors.push({ ...details }) };
  const authenticator = jwt({ jwks: await issuer.listen() }).open({ clock: issuer.clock, logger });
  let n = 0;
  /** A token nobody has seen yet: the memory of verified ones stays out of it. */
  const ask = async (key: Signing): Promise<string | undefined> =>
    userOf(await authenticator.authenticate(await issuer.sign(key, `u${n++}`), peer));
  return { ask, authenticator, errors };
}

describe("a key set behind an address", () => {
  it("is fetched once for many tokens at once, and again when it is old", async () => {
    const key = elliptic("k1");
    await using issuer = new Issuer(key);
    const { ask } = await opened(issuer);
    expect(await Promise.all([ask(key), ask(key), ask(key)])).toEqual(["u0", "u1", "u2"]);
    issuer.clock.advance(remoteKeysLimits.freshMs - 1);
    expect(await ask(key)).toBe("u3");
    expect(issuer.requestCount).toBe(1);
    issuer.clock.advance(1);
    expect([await ask(key), issuer.requestCount]).toEqual(["u4", 2]);
  });

  it.each([
    ["RS256", () => generateKeyPairSync("rsa", { modulusLength: 2_048 })],
    ["ES384", () => generateKeyPairSync("ec", { namedCurve: "secp384r1" })],
    ["EdDSA", () => generateKeyPairSync("ed25519")],
  ])("may hold %s keys", async (alg, pair) => {
    const key = { kid: alg, alg, ...pair() };
    await using issuer = new Issuer(elliptic("other"), key);
    const { ask } = await opened(issuer);
    expect(await ask(key)).toBe("u0");
  });

  it("is asked for a key it did not have, and a key it no longer has is refused", async () => {
    const [first, second] = [elliptic("k1"), elliptic("k2")];
    await using issuer = new Issuer(first);
    const { ask } = await opened(issuer);
    expect(await ask(first)).toBe("u0");
    issuer.keys = [second];
    issuer.clock.advance(remoteKeysLimits.cooldownMs);
    expect([await ask(second), issuer.requestCount]).toEqual(["u1", 2]);
    issuer.clock.advance(remoteKeysLimits.cooldownMs);
    expect([await ask(first), issuer.requestCount]).toEqual(["invalid", 3]);
  });

  it("is not asked more often because many tokens name keys that do not exist", async () => {
    const key = elliptic("k1");
    await using issuer = new Issuer(key);
    const { ask } = await opened(issuer);
    expect(await ask(key)).toBe("u0");
    for (let n = 0; n < 50; n++)
      await expect(ask({ ...key, kid: `made up ${n}` })).rejects.toMatchObject({ code: "keys-unreachable" });
    expect(issuer.requestCount).toBe(1);
    expect(await ask(key)).toBe("u51");
  });

  it("goes on when the issuer is down for a minute, and for a day, and then says that it cannot tell", async () => {
    const key = elliptic("k1");
    await using issuer = new Issuer(key);
    const { ask, errors } = await opened(issuer);
    expect(await ask(key)).toBe("u0");
    issuer.clock.advance(remoteKeysLimits.freshMs);
    issuer.instead = (_, response) => void response.writeHead(503).end();
    for (let second = 0; second < 60; second += 10) {
      expect(await ask(key)).toMatch(/^u/);
      issuer.clock.advance(10_000);
    }
    expect(issuer.requestCount).toBe(3); // every 30 s while it fails
    issuer.clock.advance(remoteKeysLimits.staleMs);
    await expect(ask(key)).rejects.toMatchObject({ code: "keys-unreachable", retryable: true });
    expect(errors).toMatchObject([{ code: "keys-unreachable" }]);
    issuer.instead = undefined;
    issuer.clock.advance(remoteKeysLimits.cooldownMs);
    expect(await ask(key)).toMatch(/^u/);
  });

  it("that cannot be had at first does not make tokens bad: clients come back", async () => {
    const key = elliptic("k1");
    await using issuer = new Issuer(key);
    issuer.instead = (request) => void request.socket.destroy();
    const { ask } = await opened(issuer);
    await expect(ask(key)).rejects.toMatchObject({ code: "keys-unreachable" });
    issuer.instead = undefined;
    await expect(ask(key)).rejects.toMatchObject({ code: "keys-unreachable" });
    issuer.clock.advance(remoteKeysLimits.cooldownMs);
    expect(await ask(key)).toBe("u2");
  });

  it("does not lead elsewhere, is not endless, and has the form of one", async () => {
    const key = elliptic("k1");
    await using issuer = new Issuer(key);
    const { ask } = await opened(issuer);
    const answers: [string, RequestListener][] = [
      ["keys-unreachable", (_, response) => void response.writeHead(302, { Location: "/other" }).end()],
      ["keys-malformed", (_, response) => void response.end("x".repeat(remoteKeysLimits.answerBytes + 1))],
      ["keys-malformed", (_, response) => void response.end("<html>")],
      ["keys-malformed", (_, response) => void response.end("null")],
      ["keys-malformed", (_, response) => void response.end(`{"keys":[]}`)],
      ["keys-malformed", (_, response) => void response.end(`{"keys":["k"]}`)],
    ];
    for (const [code, answer] of answers) {
      issuer.instead = answer;
      await expect(ask(key)).rejects.toMatchObject({ code });
      issuer.clock.advance(remoteKeysLimits.cooldownMs);
    }
  });

  it("is given up on when it does not answer in time", async () => {
    const key = elliptic("k1");
    await using issuer = new Issuer(key);
    const asked = new Promise<void>((resolve) => (issuer.instead = () => resolve()));
    const { ask } = await opened(issuer);
    const answered = ask(key);
    void asked.then(() => issuer.clock.advance(remoteKeysLimits.answerMs));
    await expect(answered).rejects.toMatchObject({ code: "keys-unreachable" });
  });

  it("never verifies a symmetric signature, whatever key that was made with", async () => {
    const key = elliptic("k1");
    await using issuer = new Issuer(key);
    const { authenticator } = await opened(issuer);
    const pem = key.publicKey.export({ type: "spki", format: "pem" }).toString();
    const forged = await signToken({ secret: Buffer.from(pem), user: "root", clock: issuer.clock });
    expect(userOf(await authenticator.authenticate(forged, peer))).toBe("invalid");
  });
});
