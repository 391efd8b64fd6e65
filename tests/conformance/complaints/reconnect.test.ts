// What users of other systems complained about when connections drop; the titles name the public issues.

import { FakeClock } from "@heddle/base/fakes";
import { describe, expect, it } from "vitest";
import { startChat } from "../support/chat.ts";
import { clientOf, Line, type ChatClient } from "../support/clients.ts";
import { Inbox, until } from "../support/inbox.ts";

/** A client in a room, and what it is told there. */
async function joined(client: ChatClient) {
  const room = client.channel("room", { roomId: "1" });
  const texts = new Inbox<string>();
  const gaps: unknown[] = [];
  room.on("message", ({ text }) => texts.take(text));
  room.onGap((gap) => void gaps.push(gap));
  await room.ready();
  return { room, texts, gaps };
}

/** The room, notices to the user, notices to everyone: each goes on by itself. */
const streamCount = 3;

/** Resolves when the client has come back so often and everything it follows went on. */
function returned(client: ChatClient, count: number): Promise<void> {
  return until(
    () => client.stats.resumes === count * streamCount,
    (wake) => void client.onFrame(() => queueMicrotask(wake)),
    () => `${count} resumes of ${streamCount} streams: ${JSON.stringify(client.stats)}`,
  );
}

const say = (chat: Awaited<ReturnType<typeof startChat>>, roomId: string, text: string) =>
  chat.server.channel("room").publish({ roomId }, "message", { text });

describe("socketio/socket.io#5538: connect, join, receive nothing, drop, reconnect", () => {
  it("→ resumed, with what was said meanwhile", async () => {
    await using chat = await startChat();
    await using line = await Line.to(chat);
    await using ada = clientOf(line, "ada");
    const { texts, gaps } = await joined(ada);
    line.cut();
    await say(chat, "1", "while she was away");
    line.mend();
    expect(await texts.next()).toBe("while she was away");
    await returned(ada, 1);
    expect(gaps).toEqual([]);
    expect(texts.all).toHaveLength(1);
  });
});

/** Time as the test says; what ends a turn of the event loop really does, since the sockets are real. */
class LoopClock extends FakeClock {
  override turnEnd(run: () => void): void {
    setImmediate(run);
  }

  /** A second passes, and what it caused passes through the sockets. */
  async second(): Promise<void> {
    this.advance(1_000);
    const turns = 6;
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("socketio/socket.io#5282: quiet for ten minutes while others publish elsewhere, drop", () => {
  it("→ resumed", async () => {
    const clock = new LoopClock();
    await using chat = await startChat({ clock });
    await using line = await Line.to(chat);
    await using ada = clientOf(line, "ada", { clock });
    const { texts, gaps } = await joined(ada);
    for (let second = 0; second < 600; second++) {
      await clock.second();
      await say(chat, "elsewhere", `${second}`);
    }
    expect(ada.stats.connects).toBe(1); // it was quiet, and nobody took it for dead
    line.cut();
    await say(chat, "1", "at last");
    line.mend();
    const mostSeconds = 30;
    for (let second = 0; second < mostSeconds && ada.stats.resumes < streamCount; second++) await clock.second();
    expect(ada.stats).toMatchObject({ connects: 2, resumes: streamCount });
    expect(await texts.next()).toBe("at last");
    expect(gaps).toEqual([]);
  }, 30_000);
});

describe("socketio/socket.io#4880: drop fifty times in a row", () => {
  it("→ fifty resumes, and every message once", async () => {
    const drops = 50;
    await using chat = await startChat();
    await using line = await Line.to(chat);
    await using ada = clientOf(line, "ada", { attemptsPerMinuteCount: 1_000 });
    const { texts, gaps } = await joined(ada);
    for (let drop = 1; drop <= drops; drop++) {
      line.cut();
      await say(chat, "1", `${drop}`);
      line.mend();
      await returned(ada, drop);
    }
    await texts.nextOf(drops);
    expect(texts.all).toEqual(Array.from({ length: drops }, (_, drop) => `${drop + 1}`));
    expect(ada.stats).toMatchObject({ connects: drops + 1, resumes: drops * streamCount, gaps: 0, chainBreaks: 0 });
    expect(gaps).toEqual([]);
  }, 30_000);
});

describe("centrifugal/centrifuge-js#425: resubscribing inside a message handler", () => {
  it("→ no duplicate, and nothing missed when it is done in one breath", async () => {
    await using chat = await startChat();
    await using ada = clientOf(chat, "ada");
    const room = ada.channel("room", { roomId: "1" });
    const texts = new Inbox<string>();
    const count = 30;
    const handle = ({ text }: { text: string }): void => {
      texts.take(text);
      off();
      off = room.on("message", handle);
    };
    let off = room.on("message", handle);
    await room.ready();
    for (let n = 0; n < count; n++) await say(chat, "1", `${n}`);
    await texts.nextOf(count);
    await room.publish("message", { text: "last" }, { until: "echo" });
    expect(texts.all).toEqual([...Array.from({ length: count }, (_, n) => `${n}`), "last"]);
  });

  it("→ no duplicate when the old subscription is really ended before the new one begins", async () => {
    await using chat = await startChat();
    await using ada = clientOf(chat, "ada");
    const room = ada.channel("room", { roomId: "1" });
    const texts = new Inbox<string>();
    const [rounds, each] = [6, 5];
    let again = Promise.resolve();
    const handle = ({ text }: { text: string }): void => {
      texts.take(text);
      if (texts.all.length % each !== 0) return;
      off();
      again = new Promise((resolve) => setImmediate(resolve)).then(() => {
        off = room.on("message", handle);
        return room.ready();
      });
    };
    let off = room.on("message", handle);
    await room.ready();
    for (let n = 0; n < rounds * each; n += each) {
      for (let more = 0; more < each; more++) await say(chat, "1", `${n + more}`);
      await texts.nextOf(each);
      await again;
    }
    expect(texts.all).toEqual(Array.from({ length: rounds * each }, (_, n) => `${n}`));
    expect(room.attachedAt?.[1]).toBe(rounds * each); // it did begin anew
  });
});
