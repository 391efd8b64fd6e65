// Many of our own clients, each following one room: they are moved by the death of their node, as in life.

import { systemClock, systemRandom } from "@heddle/base/system";
import { createClient, nodeWebSocket } from "@heddle/client";

const { ports, count, rooms } = JSON.parse(process.argv[2]);
const env = { clock: systemClock(), random: systemRandom() };
const connectingMost = 200;
const lookMs = 50;
let port = ports[0];
let got = 0;

const clients = Array.from({ length: count }, (_, index) => {
  const transport = {
    name: "websocket",
    open: (handlers) => nodeWebSocket(`ws://127.0.0.1:${port}/realtime`, env).open(handlers),
  };
  return createClient({ transport, token: () => `u${index}` });
});
process.on("disconnect", () => process.exit());
process.on("message", ({ is }) => {
  if (is === "move") port = ports[1];
  else if (is === "tell") tell();
});

const roomOf = (client, index) => client.channel("room", { n: String(index % rooms) });
const following = clients.map((client, index) => async () => {
  const room = roomOf(client, index);
  room.on("m", () => void got++);
  await room.ready();
});
await Promise.all(
  Array.from({ length: connectingMost }, async () => {
    for (let next = following.shift(); next !== undefined; next = following.shift()) await next();
  }),
);
process.send({ is: "connected" });
// From now on: how many have been welcomed again, and when that was all.
const again = clients.map(({ stats }) => stats.connects);
setInterval(() => process.send({ is: "state", ...state() }), lookMs);

function state() {
  const back = clients.filter(({ stats }, index) => stats.connects > again[index]).length;
  const sum = (what) => clients.reduce((total, { stats }) => total + stats[what], 0);
  return { back, resumes: sum("resumes"), gaps: sum("gaps"), got };
}
function tell() {
  process.send({ is: "told", ...state() });
}
