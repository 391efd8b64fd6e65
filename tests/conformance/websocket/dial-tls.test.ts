// The client over TLS (RFC 6455 §10.6): whom it trusts, and what it does not let itself be talked into.

import { createServer as createPlainServer } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createSecureContext } from "node:tls";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createWebSocketServer, dial, type DialOptions } from "@heddle/websocket";
import { localhostCertificate, localhostKey } from "./localhost-certificate.ts";

const toClose: (() => unknown)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of toClose.splice(0).reverse()) await close();
});

/** An echo over TLS on this machine; `names` collects what clients ask for. */
async function serve(): Promise<{ url: string; names: string[] }> {
  const names: string[] = [];
  const credentials = { cert: localhostCertificate, key: localhostKey };
  const https = createServer({
    ...credentials,
    SNICallback(name, done) {
      names.push(name);
      done(null, createSecureContext(credentials));
    },
  });
  const server = createWebSocketServer({
    onConnection: (connection) =>
      connection.start({ onText: (text) => void connection.sendText(text), onBinary() {}, onClose() {} }),
  });
  server.attach(https);
  await new Promise<void>((resolve) => https.listen(0, "127.0.0.1", resolve));
  toClose.push(
    () => new Promise((resolve) => https.close(resolve)),
    () => server[Symbol.asyncDispose](),
  );
  return { url: `wss://localhost:${(https.address() as AddressInfo).port}/`, names };
}

const trusting = { tls: { ca: localhostCertificate } };

describe("wss:", () => {
  it("carries messages to a server whose certificate is vouched for, and asks for it by name (SNI)", async () => {
    const { url, names } = await serve();
    const connection = await dial(url, trusting);
    const text = "over TLS ".repeat(20_000);
    const echoed = await new Promise((resolve) => {
      connection.start({ onText: resolve, onBinary() {}, onClose() {} });
      connection.sendText(text);
    });
    expect(echoed).toBe(text);
    expect(names).toEqual(["localhost"]);
    connection.terminate();
  });

  it("asks for another name when told to, and wants the certificate to have it", async () => {
    const { url, names } = await serve();
    const wanted = { ca: localhostCertificate, servername: "other.example" };
    await expect(dial(url, { tls: wanted })).rejects.toMatchObject({ code: "unreachable" });
    const lenient = { ...wanted, checkServerIdentity: () => undefined };
    (await dial(url, { tls: lenient })).terminate();
    expect(names).toEqual(["other.example", "other.example"]);
  });

  it("fails when nobody vouches for the certificate, whatever the environment or a stray field says", async () => {
    const { url } = await serve();
    const failure = { code: "unreachable", retryable: true, cause: { code: "DEPTH_ZERO_SELF_SIGNED_CERT" } };
    await expect(dial(url)).rejects.toMatchObject(failure);
    const stray = { tls: { rejectUnauthorized: false } } as DialOptions;
    await expect(dial(url, stray)).rejects.toMatchObject(failure);
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    await expect(dial(url)).rejects.toMatchObject(failure);
  });

  it("trusts anybody only by the option that says it is dangerous", async () => {
    const { url } = await serve();
    using connection = await dial(url, { dangerouslyTrustAnyCertificate: true });
    expect(connection.state).toBe("open");
  });

  it("fails on a server that speaks no TLS", async () => {
    const http = createPlainServer();
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    toClose.push(() => new Promise((resolve) => http.close(resolve)));
    const { port } = http.address() as AddressInfo;
    await expect(dial(`wss://127.0.0.1:${port}/`)).rejects.toMatchObject({ code: "unreachable" });
  });
});
