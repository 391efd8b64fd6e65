// Two bots in #general, so that one visitor is not alone. They are ordinary clients on ordinary connections: what they see
// is what everybody sees. They talk slowly, answer when spoken to, and never more than one thing at a time.

import { createClient, type Client } from "@heddle/client";
import type { Playground } from "../contract.ts";
import { openings, replyTo } from "./bot-lines.ts";
import type { Seats } from "./seats.ts";

const room = "general";
const botNames = ["Ada", "Jacquard"] as const;
/** Between two lines of their own, when somebody is there to read them, and when nobody is. */
const talkMs = { watched: 24_000, alone: 240_000 };
const typingMs = { least: 1_200, most: 3_000 };

type PlaygroundClient = Client<Playground>;

export interface Bots {
  stop(): Promise<void>;
}

/** @param url  of this very server, `http://127.0.0.1:7070` */
export function startBots(url: string, seats: Seats): Bots {
  const clients = botNames.map((name) =>
    createClient<Playground>({
      url: `${url}/realtime`,
      token: async () => (await seats.signIn({ user: `bot-${name.toLowerCase()}`, name }, true)).token,
    }),
  );
  const bots = clients.map((client, index) => new Bot(client, botNames[index] ?? "Bot"));
  const talk = new Talk(bots);
  return {
    async stop() {
      talk.stop();
      for (const bot of bots) bot.stop();
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}

class Bot {
  readonly name: string;
  readonly #channel: ReturnType<typeof roomOf>;
  #timer: NodeJS.Timeout | undefined;
  #visitorCount = 0;
  /** Called with what visitors say. */
  heard: (text: string) => void = () => undefined;

  constructor(client: PlaygroundClient, name: string) {
    this.name = name;
    this.#channel = roomOf(client);
    this.#channel.on("message", ({ text, isBot }) => void (!isBot && this.heard(text)));
    this.#channel.presence.onChange(({ members }) => {
      this.#visitorCount = [...members.values()].filter(({ data }) => !data.isBot).length;
    });
    // Refused or gone: a bot that is not listed still talks.
    this.#channel.presence.enter({ name, isBot: true }).catch(() => undefined);
  }

  get hasVisitors(): boolean {
    return this.#visitorCount > 0;
  }

  get isTyping(): boolean {
    return this.#timer !== undefined;
  }

  /** Types for a moment, then says it. */
  say(text: string): void {
    if (this.isTyping) return;
    this.#type(true);
    const ms = Math.min(typingMs.most, typingMs.least + text.length * 25);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#type(false);
      this.#channel.publish("message", { text }).catch(() => undefined); // the server is going down
    }, ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #type(on: boolean): void {
    this.#channel.publish("typing", { on }, { volatile: true }).catch(() => undefined); // a sign nobody misses
  }
}

const roomOf = (client: PlaygroundClient) => client.channel("room", { room }, { at: "live", presence: true });

/** Whose turn it is. */
class Talk {
  readonly #bots: readonly Bot[];
  #timer: NodeJS.Timeout | undefined;
  #turn = 0;
  #line = Math.floor(Math.random() * openings.length);

  constructor(bots: readonly Bot[]) {
    this.#bots = bots;
    const [listener] = bots;
    if (listener !== undefined) listener.heard = (text) => this.#answer(text);
    this.#next(3_000);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #answer(text: string): void {
    if (this.#bots.some(({ isTyping }) => isTyping)) return;
    this.#bot.say(replyTo(text, this.#line));
    this.#turnOver();
  }

  #next(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#bot.say(openings[this.#line % openings.length] ?? "");
      this.#turnOver();
    }, ms);
  }

  #turnOver(): void {
    this.#turn++;
    this.#line++;
    this.#next(this.#bots.some(({ hasVisitors }) => hasVisitors) ? talkMs.watched : talkMs.alone);
  }

  get #bot(): Bot {
    return this.#bots[this.#turn % this.#bots.length] as Bot;
  }
}
