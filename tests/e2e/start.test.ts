import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HeddleError } from "@heddle/client";
import { describe, expect, inject, it } from "vitest";
import { connect, Visitor } from "./support/browser.ts";
import { Program, signIn } from "./support/program.ts";
import { Playground, ServerProcess } from "./support/server.ts";

const url = inject("playground");

describe("the program", () => {
  it("says in one sentence that the port is taken", async () => {
    const { port } = new URL(url);
    const folder = await mkdtemp(join(tmpdir(), "playground-"));
    const { code, stderr } = await new ServerProcess({ PORT: port, PLAYGROUND_DATA: folder }).ended;
    await rm(folder, { recursive: true });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `Port ${port} of 127.0.0.1 is taken; end what uses it, or choose another: PORT=7071 npm start\n`,
    });
  });

  it("says in one sentence that its folder cannot be written, or that a setting is none", async () => {
    const unwritable = await new ServerProcess({ PORT: "0", PLAYGROUND_DATA: "/dev/null/data" }).ended;
    expect(unwritable.code).toBe(1);
    expect(unwritable.stderr).toMatch(/^The signing key cannot be kept in \/dev\/null\/data \(\w+\); set [^\n]+\n$/);
    const odd = await new ServerProcess({ PORT: "seventy" }).ended;
    expect(odd.stderr).toBe('PORT is "seventy"; a whole number from 0 to 65535 is wanted.\n');
  });

  it("drains on Ctrl-C and ends by itself, also with a page open, which waits for it to come back", async () => {
    const [browser, own] = await Promise.all([connect(), Playground.start()]);
    try {
      const visitor = await Visitor.enter(browser, own.url, "Ada");
      const { code, signal, stderr } = await own.interrupt();
      expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: "" });
      await visitor.isAway();
      await own.startAgain();
      await visitor.hurry();
      await visitor.leave();
    } finally {
      await browser.close();
      await own[Symbol.asyncDispose]();
    }
  });
});

describe("the door", () => {
  it("answers under strict headers", async () => {
    const { headers, status } = await fetch(`${url}/`);
    expect(status).toBe(200);
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect((await fetch(`${url}/../.data/key`)).status).toBe(404);
  });

  it("refuses other sites, other methods, what is no name, and what is too long", async () => {
    const post = async (body: string, headers: Record<string, string> = {}): Promise<number> => {
      const json = { "content-type": "application/json" };
      return (await fetch(`${url}/sign-in`, { method: "POST", body, headers: { ...json, ...headers } })).status;
    };
    expect(await post('{"name":"Ada"}')).toBe(200);
    expect(await post('{"name":"Ada"}', { origin: "https://elsewhere.example" })).toBe(403);
    expect(await post('{"name":"Ada"}', { "content-type": "text/plain" })).toBe(415);
    expect(await post('{"name":" \\u0007 "}')).toBe(422);
    expect(await post(JSON.stringify({ name: "x".repeat(33) }))).toBe(422);
    expect(await post("Ada")).toBe(400);
    expect(await post(JSON.stringify({ name: "x".repeat(2_000) }))).toBe(413);
    expect((await fetch(`${url}/sign-in`)).status).toBe(405);
  });

  it("gives one browser the same person again, and another browser another person of the same name", async () => {
    const first = await fetch(`${url}/sign-in`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"name":"Ada"}',
    });
    const { user } = (await first.json()) as { user: string };
    const setCookie = first.headers.get("set-cookie") ?? "";
    expect(setCookie).toMatch(/HttpOnly; SameSite=Strict/);
    const again = await fetch(`${url}/sign-in`, {
      method: "POST",
      headers: { "content-type": "application/json", cookie: setCookie.split(";")[0] ?? "" },
      body: '{"name":"Ada"}',
    });
    expect(((await again.json()) as { user: string }).user).toBe(user);
    expect((await signIn(url, "Ada")).user).not.toBe(user);
  });
});

describe("the token", () => {
  it("is renewed on the running connection before it ends, and is never shown", async () => {
    const [browser, own] = await Promise.all([connect(), Playground.start({ PLAYGROUND_TOKEN_S: "3" })]);
    try {
      const visitor = await Visitor.enter(browser, own.url, "Ada");
      const { page } = visitor;
      await page.getByLabel("Show frames that contain").fill('"auth"');
      const frame = page
        .getByTestId("frames")
        .getByText(/"t":"auth"/)
        .first();
      await frame.waitFor();
      expect(await frame.textContent()).toContain('"k":"…"');
      await visitor.say("x: still here");
      await visitor.hasDelivered(["seen"]);
      expect(await visitor.stat("connects")).toBe(1);
      await visitor.leave();
    } finally {
      await browser.close();
      await own[Symbol.asyncDispose]();
    }
  });

  it("of a server that has lost its key makes the page begin anew, as a person that server knows", async () => {
    const [browser, own] = await Promise.all([connect(), Playground.start()]);
    try {
      const visitor = await Visitor.enter(browser, own.url, "Ada");
      const who = visitor.page.locator(".who");
      const before = await who.getAttribute("title");
      await own.crash();
      await visitor.isAway();
      await rm(join(own.folder, "key"));
      await own.startAgain();
      await expect.poll(() => who.getAttribute("title"), { timeout: 20_000 }).not.toBe(before);
      await visitor.isOnline();
      await visitor.leave();
    } finally {
      await browser.close();
      await own[Symbol.asyncDispose]();
    }
  });
});

describe("what one may do", () => {
  it("is decided for each channel and action", async () => {
    const ada = await Program.join(url, "Ada");
    const ben = await Program.join(url, "Ben");
    const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
      work.then(
        () => "done",
        (error: unknown) => (error instanceof HeddleError ? error.name : error),
      );
    const bensFills = ada.client.channel("fills", { user: ben.user });
    expect(await codeOf(bensFills.historyPage({ last: 10 }))).toBe("forbidden");
    expect(await codeOf(ada.client.channel("fills", { user: ada.user }).historyPage({ last: 10 }))).toBe("done");
    const tick = { price: 1, open: 1, seq: 1 };
    expect(await codeOf(ada.client.channel("quote", { symbol: "WARP" }).publish("tick", tick))).toBe("forbidden");
    expect(await codeOf(ada.client.channel("lobby", {}).publish("opened", { room: "mine" }))).toBe("forbidden");
    expect(await codeOf(ada.client.channel("room", { room: "general" }).publish("message", { text: "x" }))).toBe(
      "done",
    );
    expect(await codeOf(ada.client.channel("room", { room: "Not A Room" }).publish("message", { text: "x" }))).toBe(
      "unknown_name",
    );
    await Promise.all([ada.client.close(), ben.client.close()]);
  });
});
