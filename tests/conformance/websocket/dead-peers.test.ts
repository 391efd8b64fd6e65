// Real sockets whose other end stops doing its part. Time is moved by the test; bytes take theirs.

import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, expect, it } from "vitest";
import { FakeClock, SeededRandom } from "@heddle/base/fakes";
import { systemClock } from "@heddle/base/system";
import { createWebSocketServer, type ConnectionOptions, type WebSocketConnection } from "@heddle/websocket";

/** Timers are the test's, turns of the event loop are real. */
class TestClock extends FakeClock {
  override turnEnd(run: () => void): void {
    systemClock().turnEnd(run);
  }
}

const turn = (): Promise<void> => new Promise((resolve) => systemClock().turnEnd(resolve));
const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await turn();
};

const toClose: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

async function serve(options: ConnectionOptions) {
  const clock = new TestClock();
  const told: string[] = [];
  let latest: WeakRef<WebSocketConnection> | undefined;
  const server = createWebSocketServer({
    ...{ clock, random: new SeededRandom(3), ...options },
    onConnection(connection) {
      latest = new WeakRef(connection);
      connection.start({
        onText: (text) => void told.push(`text ${text}`),
        onBinary() {},
        onPong: () => void told.push("pong"),
        onWritable: () => void told.push("writable"),
        onClose: (code, reason) => void told.push(`close ${code} ${reason}`),
      });
    },
  });
  const http = createServer();
  server.attach(http);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  toClose.push(() => new Promise((resolve) => http.close(resolve)));
  const { port } = http.address() as AddressInfo;
  return { clock, server, told, port, connection: () => latest?.deref() };
}

/** A peer that has shaken hands and reads nothing further. */
async function connectPaused(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  toClose.push(() => socket.destroy());
  socket.on("error", () => undefined);
  socket.write(
    "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
  await new Promise((resolve) => socket.once("data", resolve));
  socket.pause();
  return socket;
}

/** Whether memory that nobody refers to is given back, after some turns. */
async function isCollected(reach: () => unknown): Promise<boolean> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let round = 0; round < 50 && reach() !== undefined; round++) {
    await turn();
    collect();
  }
  return reach() === undefined;
}

it("lets go of a process that stops answering within ping and grace, and of all it held", async () => {
  const { clock, server, told, port, connection } = await serve({ ping: { intervalMs: 20_000, graceMs: 5_000 } });
  const program = new URL("silent-client.mjs", import.meta.url).pathname;
  const peer = spawn(process.execPath, [program, `ws://127.0.0.1:${port}/`], { stdio: ["ignore", "pipe", "inherit"] });
  toClose.push(() => peer.kill("SIGKILL"));
  await new Promise((resolve) => peer.stdout.once("data", resolve));

  clock.advance(20_000);
  await until(() => told.includes("pong")); // while it runs it answers
  peer.kill("SIGSTOP");
  connection()?.sendText("held for a peer that will not read it");
  clock.advance(25_000);
  await until(() => server.connectionCount === 0);
  expect(told).toEqual(["pong", "close 1006 no answer to a ping for 5000 ms"]);
  expect(clock.nextDueMs).toBeUndefined();
  expect(await isCollected(connection)).toBe(true);
});

it("lets go of a peer that reads nothing, and of the megabytes that waited for it", async () => {
  const { clock, server, told, port, connection } = await serve({ ping: false, slowReceiverMs: 20_000 });
  await connectPaused(port);
  for (let count = 0; count < 12; count++) connection()?.sendBinary(new Uint8Array(2 ** 20));
  await turn();
  await turn();
  expect(connection()?.unsentBytes).toBeGreaterThan(0);
  clock.advance(25_100);
  await until(() => server.connectionCount === 0);
  expect(told).toEqual(["close 1006 nothing taken for 20000 ms"]);
  expect(clock.nextDueMs).toBeUndefined();
  expect(await isCollected(connection)).toBe(true);
});

it("keeps a peer that takes part of what waits now and then", async () => {
  const { clock, server, told, port, connection } = await serve({ ping: false, slowReceiverMs: 20_000 });
  const socket = await connectPaused(port);
  for (let count = 0; count < 12; count++) connection()?.sendBinary(new Uint8Array(2 ** 20));
  await turn();
  const left = (): number => connection()?.unsentBytes ?? 0;
  while (left() > 0) {
    const before = left();
    socket.resume();
    await until(() => left() < before);
    socket.pause();
    clock.advance(19_000);
    expect(server.connectionCount).toBe(1);
  }
  socket.resume();
  await until(() => told.includes("writable"));
});

it("never holds more than the budget, whoever sends what, and says when the queue is short again", async () => {
  const { server, told, port, connection } = await serve({ maxQueuedBytes: 2 ** 20, highWaterBytes: 2 ** 16 });
  const socket = await connectPaused(port);
  // Until the kernel takes no more.
  await until(() => {
    if (connection()?.queuedBytes === 0) connection()?.sendBinary(new Uint8Array(2 ** 19));
    return (connection()?.unsentBytes ?? 0) > 2 ** 16;
  });
  // A peer that asks for pongs and takes none.
  const ping = Buffer.concat([Buffer.from("89fd00000000", "hex"), Buffer.alloc(125, "p")]);
  socket.write(
    Buffer.concat([...Array<Buffer>(1_500).fill(ping), Buffer.from("818100000000", "hex"), Buffer.from("x")]),
  );
  await until(() => told.includes("text x"));
  expect(connection()?.queuedBytes).toBeLessThan(2 ** 19 + 2 ** 16);
  told.length = 0;
  socket.resume();
  await until(() => told.includes("writable"));
  expect(connection()?.queuedBytes).toBeLessThanOrEqual(2 ** 14);
  socket.pause();
  // An owner that goes on sending.
  await until(() => connection()?.sendBinary(new Uint8Array(2 ** 18)) !== true);
  await until(() => server.connectionCount === 0);
  expect(told.at(-1)).toBe("close 1006 over 1048576 bytes wait for the socket");
});
