// Many peers carrying out one attack for a time, on whatever port they are given; and the sink, which takes everything.

import { createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { attacks, type Target } from "./attacks.ts";
import { frame, type Seen } from "./peer.ts";

interface Order {
  readonly name: string;
  readonly port: number;
  readonly forMs: number;
}

const sinkMs = 400;
const defaultPeers = 20;

/** Shakes hands with everybody, welcomes them, and throws away what they say. */
const sink = createServer((socket) => {
  let isUpgraded = false;
  socket.on("error", () => undefined);
  socket.on("data", () => {
    if (isUpgraded) return;
    isUpgraded = true;
    socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n");
    socket.write(frame(1, `{"t":"welcome"}`, { isMasked: false }));
  });
  setTimeout(() => socket.destroy(), sinkMs);
});

async function carryOut({ name, port, forMs }: Order): Promise<Seen> {
  const attack = attacks.find((each) => each.name === name);
  if (attack === undefined) throw new Error(`no attack ${name}`);
  const seen: Seen = new Map();
  const state = { isOver: false };
  const target: Target = {
    ...{ port, seen, floodFrames: Infinity },
    get isOver() {
      return state.isOver;
    },
    pause: async (ms) => void (await wait(state.isOver ? 0 : ms)),
  };
  const peer = async (): Promise<void> => {
    while (!state.isOver) {
      await attack.round(target);
      await wait(5);
    }
  };
  void Promise.all(Array.from({ length: attack.peers ?? defaultPeers }, peer));
  await wait(forMs);
  state.isOver = true;
  return seen;
}

process.on("message", (order: Order) => {
  void carryOut(order).then((seen) => process.send?.({ seen: [...seen] }));
});
process.on("disconnect", () => process.exit(0));
sink.listen(0, "127.0.0.1", () => {
  const address = sink.address();
  process.send?.({ port: typeof address === "object" ? address?.port : 0 });
});
