import { FakeClock } from "@heddle/base/fakes";
import { describe, expect, it } from "vitest";
import type { Links } from "./links.ts";
import { redisLimits } from "./limits.ts";
import type { KeySpace } from "./partitions.ts";
import { RedisBus } from "./redis-bus.ts";

interface Attachment {
  readonly key: string;
  readonly handlers: { message(gen: number, body: Uint8Array): void; broken(): void };
  readonly stand: () => void;
}

/** A bus whose attachments stand when the test says so. */
function scene() {
  const attachments: Attachment[] = [];
  const links = {
    attach: (_partition: number, key: string, handlers: Attachment["handlers"]) =>
      new Promise((resolve) => {
        attachments.push({ key, handlers, stand: () => resolve({ detach: () => undefined }) });
      }),
  } as unknown as Links;
  const space = { partitionOf: () => 0, key: (_partition: number, _kind: string, name: string) => name };
  const bus = new RedisBus({
    ...{ self: "n1", links, space: space as unknown as KeySpace },
    ...{ limits: redisLimits, clock: new FakeClock() },
  });
  return { bus, attachments };
}

const turn = async (): Promise<void> => {
  for (let each = 0; each < 20; each++) await Promise.resolve();
};

describe("a topic that is being attached while the link breaks", () => {
  it("is attached once, and hears everything once", async () => {
    const { bus, attachments } = scene();
    const first = bus.subscribe("first", () => undefined);
    attachments[0]?.stand();
    await first;
    const heard: string[] = [];
    const second = bus.subscribe("second", (body) => heard.push(String(body[0])));
    attachments[0]?.handlers.broken(); // everything that is not attached is attached again
    await turn();
    expect(attachments.map(({ key }) => key)).toEqual(["first", "second", "first"]);
    for (const { stand } of attachments) stand();
    await second;
    for (const { key, handlers } of attachments)
      if (key === "second") handlers.message(1, Uint8Array.of(2, 110, 49, 7));
    expect(heard).toEqual(["7"]);
  });
});
