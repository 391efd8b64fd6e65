// A hundred honest clients, who publish to each other in rooms of ten and measure how long their words take to come back.

import { setTimeout as wait } from "node:timers/promises";
import { WebSocket } from "ws";

const clientCount = 100;
const perRoom = 10;
const everyMs = 500;

const port = Number(process.argv[2]);
let delaysMs: number[] = [];
/** Why honest clients were lost; a sound run has none. */
const lost: string[] = [];

async function connect(index: number): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/realtime`);
  const ch = `room/honest-${Math.floor(index / perRoom)}`;
  const say = (frame: object): void =>
    void (socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(frame)));
  let [count, cost] = [0, 0];
  await new Promise<void>((resolve, reject) => {
    socket.on("error", reject);
    socket.on("close", (code, reason) => void lost.push(`${code} ${String(reason)}`));
    socket.on("open", () =>
      say({ t: "hello", v: 1, pid: `honest-${index}`, k: `honest-${index}`, subs: [{ r: 1, ch, at: "live" }] }),
    );
    socket.on("message", (data) => {
      for (const line of (data as Buffer).toString("utf8").split("\n")) {
        const frame = JSON.parse(line) as { t: string; d?: { text?: string } };
        if (frame.t === "welcome") continue;
        count++;
        cost += line.length;
        if (frame.t === "subd") resolve();
        const [from, sentMs] = (frame.t === "m" ? (frame.d?.text ?? "") : "").split(" ");
        if (from === String(index)) delaysMs.push(performance.now() - Number(sentMs));
        if (frame.t === "ping") say({ t: "pong" });
      }
      if (count % 20 === 0) say({ t: "ack", n: count, b: cost });
    });
  });
  for (let n = 1; ; n++) {
    await wait(everyMs * (0.5 + Math.random()));
    say({ t: "pub", r: n, ch, e: "message", n, pn: n - 1, d: { text: `${index} ${performance.now()}` } });
  }
}

for (let index = 0; index < clientCount; index++) connect(index).catch((error: Error) => void lost.push(error.message));
process.on("message", () => {
  const sorted = delaysMs.sort((a, b) => a - b);
  delaysMs = [];
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Infinity;
  process.send?.({ count: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), lost });
});
process.on("disconnect", () => process.exit(0));
process.send?.({ ready: true });
