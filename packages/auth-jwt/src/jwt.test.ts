import { generateKeyPairSync } from "node:crypto";
import { FakeClock } from "@heddle/base/fakes";
import type { Authenticated, Authenticator, Peer } from "@heddle/hub/ports";
import { exportJWK, SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, it } from "vitest";
import { jwt, type JwtEnv, type JwtScheme } from "./jwt.ts";
import { signToken } from "./sign-token.ts";

const secret = "0123456789abcdef0123456789abcdef";
const peer: Peer = { address: "127.0.0.1", transport: "websocket" };

function opened(scheme: JwtScheme): { clock: FakeClock; authenticator: Authenticator; errors: object[] } {
  const clock = new FakeClock();
  const errors: object[] = [];
  const quiet = (): void => {};
  const logger: JwtEnv["logger"] = { debug: quiet, error: (details) => void errors.push(details) };
  return { clock, authenticator: scheme.open({ clock, logger }), errors };
}

const userOf = (result: Authenticated): string | undefined =>
  result.is === "accepted" ? result.identity.userId : result.why;

describe("jwt with a secret", () => {
  it("accepts what signToken signs, with its claims and its expiry", async () => {
    const { clock, authenticator } = opened(jwt({ secret }));
    const token = await signToken({ secret, user: "u1", expiresInS: 60, claims: { role: "admin" }, clock });
    const result = await authenticator.authenticate(token, peer);
    if (result.is !== "accepted") throw new Error(result.why);
    expect(result.identity.userId).toBe("u1");
    expect(result.identity.expiresAtMs).toBe(clock.wallMs() + 60_000);
    expect(result.identity.claims).toMatchObject({ sub: "u1", role: "admin" });
  });

  it("refuses no token as required, a foreign one as invalid, an old one as expired", async () => {
    const { clock, authenticator } = opened(jwt({ secret }));
    const foreign = await signToken({ secret: secret.toUpperCase(), user: "u1", clock });
    const token = await signToken({ secret, user: "u1", expiresInS: 60, clock });
    expect(userOf(await authenticator.authenticate(undefined, peer))).toBe("required");
    expect(userOf(await authenticator.authenticate("", peer))).toBe("required");
    expect(userOf(await authenticator.authenticate(foreign, peer))).toBe("invalid");
    expect(userOf(await authenticator.authenticate("a.b.c", peer))).toBe("invalid");
    expect(userOf(await authenticator.authenticate("x".repeat(20_000), peer))).toBe("invalid");
    clock.advance(66_000);
    expect(userOf(await authenticator.authenticate(token, peer))).toBe("expired");
  });

  it("grants the clock tolerance and no more", async () => {
    const { clock, authenticator } = opened(jwt({ secret, clockToleranceS: 5 }));
    const token = await signToken({ secret, user: "u1", expiresInS: 60, clock });
    clock.advance(64_000);
    expect(userOf(await authenticator.authenticate(token, peer))).toBe("u1");
    clock.advance(1_500);
    expect(userOf(await authenticator.authenticate(token, peer))).toBe("expired");
  });

  it("never believes an unsigned token", async () => {
    const { clock, authenticator } = opened(jwt({ secret }));
    const nowS = Math.floor(clock.wallMs() / 1_000);
    const unsigned = new UnsecuredJWT({})
      .setSubject("u1")
      .setExpirationTime(nowS + 60)
      .encode();
    expect(userOf(await authenticator.authenticate(unsigned, peer))).toBe("invalid");
  });

  it("refuses a token without an end, without a user, or of another issuer or audience", async () => {
    const { clock, authenticator } = opened(jwt({ secret, issuer: "https://id.example", audience: "chat" }));
    const nowS = Math.floor(clock.wallMs() / 1_000);
    const key = new TextEncoder().encode(secret);
    const sign = (claims: Record<string, unknown>) =>
      new SignJWT({ sub: "u1", iat: nowS, exp: nowS + 60, iss: "https://id.example", aud: "chat", ...claims })
        .setProtectedHeader({ alg: "HS256" })
        .sign(key);
    const outcome = async (claims: Record<string, unknown>) =>
      userOf(await authenticator.authenticate(await sign(claims), peer));
    expect(await outcome({})).toBe("u1");
    expect(await outcome({ exp: undefined })).toBe("invalid");
    expect(await outcome({ sub: undefined })).toBe("invalid");
    expect(await outcome({ sub: "" })).toBe("invalid");
    expect(await outcome({ sub: "x".repeat(300) })).toBe("invalid");
    expect(await outcome({ iss: "https://evil.example" })).toBe("invalid");
    expect(await outcome({ aud: "mail" })).toBe("invalid");
  });

  it("refuses a token that lives longer than revocations are kept, says no start, or begins in the future", async () => {
    const { clock, authenticator } = opened(jwt({ secret }));
    const nowS = Math.floor(clock.wallMs() / 1_000);
    const outcome = async (claims: Record<string, unknown>): Promise<string | undefined> => {
      const token = new SignJWT({ sub: "u1", iat: nowS, exp: nowS + 60, ...claims }).setProtectedHeader({
        alg: "HS256",
      });
      return userOf(await authenticator.authenticate(await token.sign(new TextEncoder().encode(secret)), peer));
    };
    expect(await outcome({ exp: nowS + 604_800 })).toBe("u1");
    expect(await outcome({ exp: nowS + 604_801 })).toBe("invalid");
    expect(await outcome({ iat: undefined })).toBe("invalid");
    expect(await outcome({ iat: nowS + 4 })).toBe("u1");
    expect(await outcome({ iat: nowS + 7, exp: nowS + 60 })).toBe("invalid");
    expect(await outcome({ nbf: nowS + 30 })).toBe("invalid");
  });

  it("reads the user from another claim when told", async () => {
    const { clock, authenticator } = opened(jwt({ secret, user: "email" }));
    const token = await signToken({ secret, user: "u1", claims: { email: "ada@example.com" }, clock });
    expect(userOf(await authenticator.authenticate(token, peer))).toBe("ada@example.com");
  });
});

describe("jwt with a public key", () => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const sign = (clock: FakeClock) =>
    new SignJWT({ sub: "u1", iat: Math.floor(clock.wallMs() / 1_000), exp: Math.floor(clock.wallMs() / 1_000) + 60 })
      .setProtectedHeader({ alg: "ES256", kid: "k1" })
      .sign(privateKey);

  it("accepts its signatures, given as PEM, Node key or JSON Web Key", async () => {
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    for (const given of [pem, publicKey, publicKey.export({ format: "jwk" })]) {
      const { clock, authenticator } = opened(jwt({ publicKey: given }));
      expect(userOf(await authenticator.authenticate(await sign(clock), peer))).toBe("u1");
    }
  });

  it("does not take the public key as an HMAC secret", async () => {
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    const { clock, authenticator } = opened(jwt({ publicKey: pem }));
    const forged = await signToken({ secret: Buffer.from(pem), user: "u1", clock });
    expect(userOf(await authenticator.authenticate(forged, peer))).toBe("invalid");
  });

  it("picks the key out of a key set, and refuses keys that are not in it", async () => {
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: "k1", alg: "ES256" }] };
    const { clock, authenticator } = opened(jwt({ jwks }));
    expect(userOf(await authenticator.authenticate(await sign(clock), peer))).toBe("u1");
    const other = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const foreign = await new SignJWT({
      sub: "u1",
      iat: Math.floor(clock.wallMs() / 1_000),
      exp: Math.floor(clock.wallMs() / 1_000) + 60,
    })
      .setProtectedHeader({ alg: "ES256", kid: "k2" })
      .sign(other.privateKey);
    expect(userOf(await authenticator.authenticate(foreign, peer))).toBe("invalid");
  });

  it("does not call a token bad when the key is unusable: that is said by throwing, and logged", async () => {
    const { clock, authenticator, errors } = opened(
      jwt({ jwks: { keys: [{ kty: "EC", crv: "P-256", kid: "k1", alg: "ES256" }] } }),
    );
    await expect(authenticator.authenticate(await sign(clock), peer)).rejects.toThrow();
    expect(errors).toHaveLength(1);
  });
});

describe("the options of jwt", () => {
  it.each([
    [{}, 'jwt: "0 keys" given, exactly one of secret, publicKey, jwks wanted'],
    [{ secret, jwks: "https://id.example/keys" }, 'jwt: "2 keys" given, exactly one of secret, publicKey, jwks wanted'],
    [
      { secret: `-----BEGIN PUBLIC KEY-----\n${"A".repeat(64)}` },
      'jwt.secret: "a PEM key" given, a shared secret wanted',
    ],
    [{ secret: "short" }, 'jwt.secret: "5 bytes" given, at least 32 bytes wanted'],
    [
      { secret, algorithms: ["none"] },
      'jwt.algorithms: "none" given, some of HS256, HS384, HS512 with this key wanted',
    ],
    [
      { secret, algorithms: ["RS256"] },
      'jwt.algorithms: "RS256" given, some of HS256, HS384, HS512 with this key wanted',
    ],
    [{ jwks: "http://id.example/keys" }, /^jwt\.jwks: .* an https: address/],
    [{ jwks: "https://id.example/keys", algorithms: ["HS256"] }, /^jwt\.algorithms: "HS256" given/],
    [{ publicKey: "no key" }, /^jwt\.publicKey: /],
    [{ secret, lifeMaxS: 59 }, "jwt.lifeMaxS: 59 given, a whole number from 60 to 31536000 wanted"],
    [{ secret, clockToleranceS: 301 }, "jwt.clockToleranceS: 301 given, a number from 0 to 300 wanted"],
  ])("refuses %o", (options, message) => {
    expect(() => jwt(options)).toThrow(message);
  });

  it("never repeats the secret", async () => {
    expect(() => jwt({ secret: "hunter2" })).not.toThrow(/hunter2/);
    await expect(signToken({ secret: "hunter2", user: "u1" })).rejects.toThrow(/^(?!.*hunter2).*at least 32 bytes/);
    await expect(signToken({ secret, user: "" })).rejects.toThrow(/signToken\.user/);
    await expect(signToken({ secret, user: "u1", expiresInS: 0 })).rejects.toThrow(/signToken\.expiresInS/);
  });
});
