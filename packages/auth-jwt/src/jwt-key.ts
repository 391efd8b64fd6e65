// The key a token is verified with, and the algorithms that go with it. A key never serves another kind of algorithm:
// a public key used as an HMAC secret would let anybody sign.

import { createPublicKey, createSecretKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { messageOf, OptionError, utf8Encode, type Clock } from "@heddle/base";
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import { RemoteKeys } from "./remote-keys.ts";

/** Exactly one of them. */
export interface JwtKeyOptions {
  /** Shared secret, at least 32 bytes (as UTF-8 when text). HS256 unless `algorithms` says otherwise. */
  readonly secret?: string | Uint8Array;
  /** PEM text (SPKI), JSON Web Key or Node key. */
  readonly publicKey?: string | JsonWebKey | KeyObject;
  /** The issuer's key set, or the https: address it is fetched from (`remoteKeysLimits`). */
  readonly jwks?: string | URL | JSONWebKeySet;
  /** Algorithms accepted. Default: what fits the key. `none` is never one. */
  readonly algorithms?: readonly string[];
}

export interface JwtKey {
  /** What finds the key of a token, at this clock's time. */
  keyWith(clock: Clock): JWTVerifyGetKey;
  readonly algorithms: readonly string[];
}

const secretBytesMin = 32;
const hmac = ["HS256", "HS384", "HS512"];
const rsa = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
const byCurve: Readonly<Record<string, string>> = { prime256v1: "ES256", secp384r1: "ES384", secp521r1: "ES512" };
const edwards = ["EdDSA", "Ed25519"];
const asymmetric = [...rsa, ...Object.values(byCurve), ...edwards];

/** @throws {OptionError} naming the option */
export function resolveKey(options: JwtKeyOptions): JwtKey {
  const { secret, publicKey, jwks } = options;
  const given = [secret, publicKey, jwks].filter((part) => part !== undefined);
  if (given.length !== 1)
    throw new OptionError("jwt", `${given.length} keys`, "exactly one of secret, publicKey, jwks");
  if (secret !== undefined) {
    const key = secretKey("jwt.secret", secret);
    return { keyWith: () => () => key, algorithms: chosen(options, hmac, ["HS256"]) };
  }
  if (publicKey !== undefined) {
    const key = readPublicKey(publicKey);
    const fitting = algorithmsOf(key);
    return { keyWith: () => () => key, algorithms: chosen(options, fitting, fitting) };
  }
  return { keyWith: keySet(jwks as NonNullable<typeof jwks>), algorithms: chosen(options, asymmetric, asymmetric) };
}

/** @throws {OptionError} below 32 bytes, or when it is no secret at all; the value is not repeated */
export function secretKey(field: string, secret: string | Uint8Array): KeyObject {
  const bytes = typeof secret === "string" ? utf8Encode(secret) : secret;
  // Everybody has the public key: as an HMAC secret it would let anybody sign.
  if (typeof secret === "string" && secret.includes("-----BEGIN "))
    throw new OptionError(field, "a PEM key", "a shared secret");
  if (bytes.length < secretBytesMin)
    throw new OptionError(field, `${bytes.length} bytes`, `at least ${secretBytesMin} bytes`);
  return createSecretKey(bytes);
}

function readPublicKey(given: NonNullable<JwtKeyOptions["publicKey"]>): KeyObject {
  try {
    if (typeof given === "string") return createPublicKey(given);
    if ("kty" in given) return createPublicKey({ key: given, format: "jwk" });
    const key = given as KeyObject;
    return key.type === "public" ? key : createPublicKey(key);
  } catch (error) {
    throw new OptionError("jwt.publicKey", messageOf(error), "a public key as PEM, JSON Web Key or Node key");
  }
}

function algorithmsOf(key: KeyObject): readonly string[] {
  if (key.asymmetricKeyType === "rsa") return rsa;
  if (key.asymmetricKeyType === "ed25519") return edwards;
  const algorithm = byCurve[key.asymmetricKeyDetails?.namedCurve ?? ""];
  if (algorithm !== undefined) return [algorithm];
  throw new OptionError("jwt.publicKey", key.asymmetricKeyType, "an RSA, P-256, P-384, P-521 or Ed25519 key");
}

function keySet(jwks: NonNullable<JwtKeyOptions["jwks"]>): (clock: Clock) => JWTVerifyGetKey {
  if (typeof jwks !== "string" && !(jwks instanceof URL)) {
    const find = createLocalJWKSet(jwks);
    return () => find;
  }
  if (!URL.canParse(String(jwks))) throw new OptionError("jwt.jwks", jwks, "an https: address or a key set");
  const url = new URL(jwks);
  const isLocal = url.hostname === "localhost" || url.hostname === "127.0.0.1" || url.hostname === "[::1]";
  // Whoever can change the answer on its way signs as anybody.
  if (url.protocol !== "https:" && !(isLocal && url.protocol === "http:")) {
    throw new OptionError("jwt.jwks", url.href, "an https: address (http: on this machine alone)");
  }
  return (clock) => new RemoteKeys(url.href, clock).find;
}

function chosen(
  { algorithms }: JwtKeyOptions,
  fitting: readonly string[],
  fallback: readonly string[],
): readonly string[] {
  if (algorithms === undefined) return fallback;
  const stray = algorithms.find((algorithm) => !fitting.includes(algorithm));
  if (stray !== undefined || algorithms.length === 0) {
    throw new OptionError("jwt.algorithms", stray ?? "none at all", `some of ${fitting.join(", ")} with this key`);
  }
  return algorithms;
}
