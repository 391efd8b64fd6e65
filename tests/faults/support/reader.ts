// The fresh reader at the end: every channel, whole, as somebody finds it who was never there before.

import { systemClock, systemRandom } from "@heddle/base/system";
import { nodeWebSocket } from "@heddle/client";
import { createClientCore, type HistoryPage } from "@heddle/client/core";
import { fromWirePos, rootOf, type WirePos } from "@heddle/protocol";
import type { FinalLog, SeenEntry } from "@heddle/testkit/checker";
import { channelNames, type SimPayload } from "@heddle/testkit/simulation";
import { readerName } from "./contract.ts";

const pageCount = 1_000;
const dayMs = 86_400_000;

/** By channel, from the first of the servers. @throws {LocalError} `closed` when `signal` ends it */
export async function readAll([port = 0]: readonly number[], signal?: AbortSignal): Promise<Record<string, FinalLog>> {
  const clock = systemClock();
  const random = systemRandom();
  await using client = createClientCore({
    ...{ clock, random, token: () => `${readerName} ${Date.now() + dayMs}` },
    transport: nodeWebSocket(`ws://127.0.0.1:${port}/realtime`, { clock, random }),
  });
  signal?.addEventListener("abort", () => void client.close());
  const logs: Record<string, FinalLog> = {};
  for (const ch of channelNames) {
    const pages: HistoryPage[] = [await client.channel(ch).historyPage({ last: pageCount })];
    for (let page = pages[0]; page?.more; page = pages[0]) {
      pages.unshift(await client.channel(ch).historyPage({ before: page.position, limit: pageCount }));
    }
    const entries = pages
      .flatMap((page) => page.entries)
      .map(({ payload, meta }): SeenEntry => {
        return { pos: fromWirePos(meta.position as WirePos), hash: (payload as SimPayload).h, id: meta.id ?? "" };
      });
    // Before the oldest entry; of an empty channel, its head.
    const floor = fromWirePos((pages[0] as HistoryPage).position);
    logs[ch] = {
      head: entries.at(-1)?.pos ?? floor,
      floor: entries.length === 0 ? rootOf(floor.epoch) : floor,
      entries,
    };
  }
  return logs;
}
