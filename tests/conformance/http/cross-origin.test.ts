// Pages of other origins (CORS): every address of the HTTP transport answers those on the list by name, without credentials,
// and nobody else.

import { request } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startChat, type RunningChat } from "../support/chat.ts";
import { helloOf } from "./posting.ts";

const friend = "https://app.example";
const strangers = ["https://evil.example", "https://app.example.evil.example", "http://app.example", "null"];

let chat: RunningChat;
beforeEach(async () => void (chat = await startChat({ origins: ["same", friend], cookie: "session" })));
afterEach(() => chat.server.close());

const addresses = [
  ["POST", "frames"],
  ["POST", "poll"],
  ["POST", "stream"],
  ["GET", "stream?ch=room%2F1"],
] as const;

async function ask(method: string, what: string, headers: Record<string, string>): Promise<Response> {
  const body = method === "POST" ? { body: JSON.stringify(helloOf("ann", { wait: 0 })) } : {};
  const abort = new AbortController();
  const response = await fetch(`${chat.url}/realtime/${what}`, {
    ...{ method, ...body, signal: abort.signal },
    headers: method === "GET" ? { authorization: "Bearer ann", ...headers } : headers,
  });
  abort.abort();
  return response;
}

describe.each(addresses)("%s …/%s", (method, what) => {
  it("answers a page on the list by its name, without credentials, and says that the answer depends on it", async () => {
    const { status, headers } = await ask(method, what, { origin: friend });
    expect(status).toBe(200);
    expect(headers.get("access-control-allow-origin")).toBe(friend);
    expect(headers.get("access-control-allow-credentials")).toBe(null);
    expect(headers.get("vary")).toBe("Origin");
    expect((await ask(method, what, {})).headers.get("access-control-allow-origin")).toBe(null);
  });

  it.each(strangers)("gives a page of %s nothing, asked first or not", async (origin) => {
    for (const response of [await ask(method, what, { origin }), await ask("OPTIONS", what, { origin })]) {
      expect(response.status).toBe(403);
      expect(response.headers.get("access-control-allow-origin")).toBe(null);
      expect(response.headers.get("access-control-allow-methods")).toBe(null);
    }
    expect(chat.server.stats().connections).toBe(0);
  });

  it("tells a page that asks first what it may send: no cookies, and three headers", async () => {
    const { status, headers } = await ask("OPTIONS", what, {
      ...{ origin: friend, "access-control-request-method": method },
      "access-control-request-headers": "authorization,content-type",
    });
    expect(status).toBe(204);
    expect(headers.get("access-control-allow-origin")).toBe(friend);
    expect(headers.get("access-control-allow-credentials")).toBe(null);
    expect(headers.get("access-control-allow-methods")?.split(", ")).toContain(method);
    expect(headers.get("access-control-allow-headers")).toBe("authorization, content-type, last-event-id");
  });
});

describe("a cookie", () => {
  const cookie = { cookie: "session=ann" };
  const get = (headers: Record<string, string>): Promise<number> =>
    fetchStatus(`${chat.url}/realtime/stream?ch=room%2F1`, "GET", headers);

  it("opens a channel's stream for a page of the same origin alone", async () => {
    expect(await get({ ...cookie, "sec-fetch-site": "same-origin" })).toBe(200);
    for (const site of ["same-site", "cross-site", "none"])
      expect(await get({ ...cookie, "sec-fetch-site": site })).toBe(401);
    expect(await get(cookie)).toBe(401);
    expect(await get({ ...cookie, "sec-fetch-site": "same-origin", origin: "https://evil.example" })).toBe(403);
  });

  it.each(["frames", "poll", "stream"])("counts for nothing in POST …/%s", async (what) => {
    const headers = { ...cookie, "sec-fetch-site": "same-origin" };
    const body = JSON.stringify(helloOf(undefined));
    expect(await fetchStatus(`${chat.url}/realtime/${what}`, "POST", headers, body)).toBe(401);
  });
});

/** Of a request whose forbidden headers a page could not set: by Node's own client. */
function fetchStatus(url: string, method: string, headers: Record<string, string>, body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
