import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient, type Client } from "@heddle/client";
import { fileStore, openOutbox, type KeptOutbox, type Settled } from "@heddle/client/outbox";
import { describe, expect, it } from "vitest";
import { startChat, type chat } from "../support/chat.ts";
import { clientOf, online } from "../support/clients.ts";
import { Inbox } from "../support/inbox.ts";
import { transportTo } from "../support/transports.ts";

const writer = fileURLToPath(new URL("outbox-writer.ts", import.meta.url));

/** Publishes in a process without a server, which is killed when everything is on the disk. */
async function publishAndDie(path: string, ...texts: readonly string[]): Promise<void> {
  const args = ["--conditions", "heddle-source", "--import", "tsx", writer, path, ...texts];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  child.kill("SIGKILL");
  await once(child, "close");
  expect(said.toString()).toBe("kept\n");
}

async function afterwards(path: string, url: string): Promise<[client: Client<typeof chat>, outbox: KeptOutbox]> {
  const outbox = await openOutbox({ store: fileStore({ path }) });
  const client = createClient<typeof chat>({
    transport: transportTo(url),
    token: () => "ada",
    outbox,
    backoffMinMs: 20,
  });
  return [client, outbox];
}

describe("an outbox in a file", () => {
  it("sends what a killed process published without a server: once, in order, before what came later", async () => {
    const folder = await mkdtemp(join(tmpdir(), "heddle-outbox-"));
    const path = join(folder, "outbox");
    try {
      await using running = await startChat();
      await publishAndDie(path, "one", "two", "three");

      const reader = clientOf(running, "ben");
      const heard = new Inbox<string>();
      reader.channel("room", { roomId: "1" }).on("message", ({ text }) => heard.take(text));
      await online(reader);
      await reader.channel("room", { roomId: "1" }).ready();

      const [client, outbox] = await afterwards(path, running.url);
      const settled = new Inbox<Settled>();
      outbox.onSettled(settled.take);
      expect(outbox.leftCount).toBe(3);
      const { duplicate } = await client.channel("room", { roomId: "1" }).publish("message", { text: "four" });
      expect(duplicate).toBe(false);
      expect(await heard.nextOf(4)).toEqual(["one", "two", "three", "four"]);
      expect((await settled.nextOf(3)).map(({ outcome }) => outcome)).toEqual(["accepted", "accepted", "accepted"]);
      await client.close();
      await outbox.close();

      // Nothing is left for a third run.
      const [third, last] = await afterwards(path, running.url);
      expect(last.leftCount).toBe(0);
      await third.close();
      await last.close();
      await reader.close();
      expect(heard.all).toHaveLength(4);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
