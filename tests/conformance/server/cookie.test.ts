// Session cookies, for pages that cannot set a header, and what a browser may do with an answer.

import { describe, expect, it } from "vitest";
import { startChat } from "../support/chat.ts";

const hello = JSON.stringify({ t: "hello", v: 1, pid: "raw-client" });

async function statusOf(url: string, headers: Record<string, string>, body?: string): Promise<number> {
  const stop = new AbortController();
  const method = body === undefined ? "GET" : "POST";
  const response = await fetch(url, { method, headers, signal: stop.signal, ...(body === undefined ? {} : { body }) });
  stop.abort();
  return response.status;
}

describe("a session cookie", () => {
  it("counts for pages of the same origin and for nobody else", async () => {
    await using running = await startChat({ cookie: "__Host-session" });
    const url = `${running.url}/realtime/stream?ch=room%2F1`;
    const cookie = { Cookie: "other=1; __Host-session=ada" };
    const from = (site: string) => statusOf(url, { ...cookie, "Sec-Fetch-Site": site });
    expect(await from("same-origin")).toBe(200);
    for (const site of ["same-site", "cross-site", "none"]) expect([site, await from(site)]).toEqual([site, 401]);
    expect(await statusOf(url, cookie)).toBe(401);
    expect(await statusOf(url, { ...cookie, "Sec-Fetch-Site": "same-origin", Origin: "https://evil.example" })).toBe(
      403,
    );
  });

  it("counts for nothing when none was named", async () => {
    await using running = await startChat();
    const headers = { Cookie: "__Host-session=ada; token=ada", "Sec-Fetch-Site": "same-origin" };
    expect(await statusOf(`${running.url}/realtime/stream?ch=room%2F1`, headers)).toBe(401);
  });

  it("never stands for a token in a post", async () => {
    await using running = await startChat({ cookie: "session" });
    const headers = { Cookie: "session=ada", "Sec-Fetch-Site": "same-origin" };
    for (const path of ["stream", "poll", "frames"])
      expect([path, await statusOf(`${running.url}/realtime/${path}`, headers, hello)]).toEqual([path, 401]);
  });
});

describe("an answer", () => {
  it("cannot be run, framed, sniffed or kept by a browser", async () => {
    await using running = await startChat();
    const paths = ["/healthz", "/nowhere", "/realtime", "/realtime/poll", "/realtime/stream?ch=room%2F1"];
    for (const path of paths) {
      const { headers, status, body } = await fetch(running.url + path);
      await body?.cancel();
      expect([path, status, Object.fromEntries(headers)]).toEqual([
        path,
        expect.any(Number),
        expect.objectContaining({
          "x-content-type-options": "nosniff",
          "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
          "referrer-policy": "no-referrer",
          "cache-control": expect.stringContaining("no-store") as string,
        }),
      ]);
    }
  });
});
