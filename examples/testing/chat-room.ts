// What a chat's page shows of one room, as plain data; a page would draw it.
import { HeddleError, type Client } from "@heddle/client";
import type { chat } from "./contract.ts";

export class ChatRoom {
  /** Oldest first. */
  readonly lines: string[] = [];
  /** What the banner says; empty when all is well. */
  banner = "";
  readonly #client: Client<typeof chat>;
  readonly #room;

  constructor(client: Client<typeof chat>, roomId: string) {
    this.#client = client;
    this.#room = client.channel("room", { roomId });
    this.#room.on("message", ({ from, text }) => void this.lines.push(`${from}: ${text}`));
    this.#room.onGap(() => void this.lines.push("(something is missing here)"));
    client.onState(({ name }) => (this.banner = name === "online" ? "" : `${name} …`));
  }

  /** Says something. What the server refuses is told in the banner. */
  async say(text: string): Promise<void> {
    await this.#told(this.#room.publish("message", { text }));
  }

  async rename(name: string): Promise<void> {
    await this.#told(this.#client.call("rename", { name }));
  }

  async #told(done: Promise<unknown>): Promise<void> {
    try {
      await done;
    } catch (error) {
      if (!(error instanceof HeddleError)) throw error;
      this.banner = error.why ?? error.message;
    }
  }
}
