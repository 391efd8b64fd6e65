import { readFileSync } from "node:fs";
import { signToken } from "@heddle/auth-jwt";
import { createClient } from "@heddle/client";
import { describe, expect, it } from "vitest";
import { Inbox } from "../support/inbox.ts";
import type { chat } from "./readme-sample.ts";

const secret = "0123456789abcdef0123456789abcdef";

describe("the README of the server", () => {
  it("shows a sample that runs and does what it says", async () => {
    process.env["JWT_SECRET"] = secret;
    process.env["PORT"] = "0";
    const { server } = await import("./readme-sample.ts");
    const url = `${server.address?.url.replace("http", "ws")}/realtime`;
    await using ada = createClient<typeof chat>({ url, token: () => signToken({ secret, user: "ada" }) });
    const room = ada.channel("room", { roomId: "42" });
    const [messages, notices] = [new Inbox<unknown>(), new Inbox<string>()];
    room.on("message", (message) => messages.take(message));
    ada.onNotice("notify", ({ text }) => notices.take(text));
    await room.ready();
    await room.publish("message", { text: "hi" });
    expect(await messages.next()).toEqual({ text: "hi", from: "ada" });
    await expect(room.publish("message", { text: "spam" })).rejects.toMatchObject({ code: 306, why: "no spam here" });
    const news = ada.channel("room", { roomId: "news" });
    await expect(news.publish("message", { text: "extra!" })).rejects.toMatchObject({ code: 203 });
    expect(await ada.call("rename", { name: "Ada" })).toEqual({ name: "Ada" });
    expect(await notices.next()).toBe("You are Ada now");
    await server.close();
  });

  it("shows that very file", () => {
    const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
    expect(read("../../../packages/server/README.md")).toContain(read("./readme-sample.ts").trimEnd());
  });
});
