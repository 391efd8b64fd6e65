import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { FakeClock, SeededRandom } from "@heddle/base/fakes";
import { systemClock } from "@heddle/base/system";
import { createWebSocketTransport } from "./transport.ts";

/** Timers are the test's, turns of the event loop are real. */
class TestClock extends FakeClock {
  override turnEnd(run: () => void): void {
    systemClock().turnEnd(run);
  }
}

it("leaves it to the session's heartbeat to ask a silent peer whether it is there", async () => {
  const clock = new TestClock();
  const closes: number[] = [];
  const transport = createWebSocketTransport({
    ...{
      clock,
      random: new SeededRandom(1),
      path: "/",
      origins: "same",
      codecs: [],
      maxConnections: 1,
      clientAddress: (address: string) => address,
      addressRefusal: () => undefined,
      queueBytes: 2 ** 18,
    },
    isReady: () => true,
    accept: () => ({ receive() {}, closed: (code) => void closes.push(code) }),
    report() {},
  });
  const http = createServer();
  const detach = transport.attach(http);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const socket = connect((http.address() as AddressInfo).port, "127.0.0.1");
  socket.write(
    "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
  await new Promise((resolve) => socket.once("data", resolve));
  const received: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => received.push(chunk));
  clock.advance(3_600_000);
  // What would have been sent comes before the answer to this ping.
  socket.write(Buffer.from("89810000000061", "hex"));
  await new Promise((resolve) => socket.once("data", resolve));
  expect(Buffer.concat(received).toString("hex")).toBe("8a0161");
  expect(closes).toEqual([]);
  socket.destroy();
  detach();
  await transport[Symbol.asyncDispose]();
  await new Promise((resolve) => http.close(resolve));
});
