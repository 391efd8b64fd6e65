import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { FakeClock, SeededRandom } from "@heddle/base/fakes";
import { describe, expect, it, vi } from "vitest";
import { TcpProxy } from "./tcp-proxy.ts";

/** A client and a server that hear each other through a proxy under a fake clock. */
class Pair implements AsyncDisposable {
  readonly clock: FakeClock;
  readonly proxy: TcpProxy;
  readonly near: Socket;
  readonly far: Socket;
  readonly heard = { up: "", down: "" };
  readonly ended: string[] = [];
  readonly #stop: () => void;

  private constructor(clock: FakeClock, proxy: TcpProxy, near: Socket, far: Socket, stop: () => void) {
    this.clock = clock;
    this.proxy = proxy;
    this.near = near;
    this.far = far;
    this.#stop = stop;
    near.on("data", (bytes: Buffer) => (this.heard.down += bytes.toString("latin1")));
    far.on("data", (bytes: Buffer) => (this.heard.up += bytes.toString("latin1")));
    for (const [name, socket] of Object.entries({ near, far })) {
      socket.on("error", (error: NodeJS.ErrnoException) => this.ended.push(`${name} ${error.code}`));
      socket.on("close", () => this.ended.push(`${name} closed`));
    }
  }

  static async open(heldBytesMax = 1_048_576): Promise<Pair> {
    const clock = new FakeClock();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const proxy = await TcpProxy.open({ port, clock, random: new SeededRandom(1), heldBytesMax });
    const accepted = once(server, "connection") as Promise<[Socket]>;
    const near = connect(proxy.port, "127.0.0.1");
    const [far] = await accepted;
    return new Pair(clock, proxy, near, far, () => server.close());
  }

  /** Waits until the condition holds; the test's time limit ends it otherwise. */
  static async expectSoon(isSo: () => boolean): Promise<void> {
    await vi.waitFor(() => expect(isSo()).toBe(true), { timeout: 5_000, interval: 2 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.near.destroy();
    this.far.destroy();
    await this.proxy[Symbol.asyncDispose]();
    this.#stop();
  }
}
const { expectSoon } = Pair;

describe("a proxy in good weather", () => {
  it("passes bytes both ways and the end of either side", async () => {
    await using pair = await Pair.open();
    pair.near.write("ping");
    pair.far.write("pong");
    await expectSoon(() => pair.heard.up === "ping" && pair.heard.down === "pong");
    pair.near.end("bye");
    await expectSoon(() => pair.heard.up === "pingbye" && pair.ended.length === 2);
    expect(pair.proxy.linkCount).toBe(0);
  });

  it("closes who connects when the target is not there", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    await using proxy = await TcpProxy.open({ port });
    const socket = connect(proxy.port, "127.0.0.1");
    socket.on("error", () => {}); // closed either way
    await once(socket, "close");
    await expectSoon(() => proxy.linkCount === 0);
  });
});

describe("a proxy in bad weather", () => {
  it("delays one way by exactly what it was told", async () => {
    await using pair = await Pair.open();
    pair.proxy.setWeather("down", { delayMs: 100 });
    pair.far.write("late");
    pair.near.write("now");
    await expectSoon(() => pair.heard.up === "now" && pair.proxy.heldBytes === 4);
    pair.clock.advance(99);
    expect(pair.proxy.heldBytes).toBe(4);
    pair.clock.advance(1);
    await expectSoon(() => pair.heard.down === "late");
  });

  it("keeps the order whatever the jitter", async () => {
    await using pair = await Pair.open();
    pair.proxy.setWeather("up", { delayMs: 5, jitterMs: 500 });
    for (let n = 0; n < 10; n++) {
      pair.near.write(`${n}`);
      await expectSoon(() => pair.proxy.heldBytes === n + 1);
    }
    pair.clock.advance(505);
    await expectSoon(() => pair.heard.up === "0123456789");
  });

  it("throttles to the given rate", async () => {
    await using pair = await Pair.open();
    pair.proxy.setWeather("down", { bytesPerS: 1_000 });
    pair.far.write("x".repeat(1_064));
    await expectSoon(() => pair.proxy.heldBytes === 1_000); // the first slice leaves at once
    pair.clock.advance(500);
    expect(pair.proxy.heldBytes).toBe(552); // seven slices more
    pair.clock.advance(1_000);
    await expectSoon(() => pair.heard.down.length === 1_064);
  });

  it("is a black hole one way, ends included, and what waited follows when it is over", async () => {
    await using pair = await Pair.open();
    pair.proxy.setWeather("down", { isBlackhole: true });
    pair.far.end("held");
    await expectSoon(() => pair.proxy.heldBytes === 4);
    pair.near.write("still heard");
    await expectSoon(() => pair.heard.up === "still heard");
    pair.clock.advance(60_000);
    expect(pair.heard.down).toBe("");
    expect(pair.ended).toEqual([]);
    pair.proxy.calm();
    await expectSoon(() => pair.heard.down === "held" && pair.ended.includes("near closed"));
  });

  it("is there for connections to come, and what waits passes at once in better weather", async () => {
    await using pair = await Pair.open();
    pair.proxy.setWeather("up", { delayMs: 60_000 });
    const late = connect(pair.proxy.port, "127.0.0.1");
    late.write("new");
    pair.near.write("old");
    await expectSoon(() => pair.proxy.heldBytes === 6);
    pair.proxy.setWeather("up", { delayMs: 0 });
    await expectSoon(() => pair.heard.up === "old" && pair.proxy.heldBytes === 0);
    late.destroy();
  });

  it("stops reading when it holds its limit, and so bounds what waits", async () => {
    await using pair = await Pair.open(1_024);
    pair.proxy.setWeather("up", { isBlackhole: true });
    const sentBytes = 2_000_000;
    pair.near.write(Buffer.alloc(sentBytes));
    await expectSoon(() => pair.proxy.heldBytes > 1_024);
    expect(pair.proxy.heldBytes).toBeLessThan(200_000); // one read more than the limit
    pair.proxy.calm();
    await expectSoon(() => pair.heard.up.length === sentBytes);
  });
});

describe("a proxy that ends connections", () => {
  it("cuts both sides, and takes new connections", async () => {
    await using pair = await Pair.open();
    pair.proxy.cut();
    await expectSoon(() => pair.ended.includes("near closed") && pair.ended.includes("far closed"));
    const again = connect(pair.proxy.port, "127.0.0.1");
    await once(again, "connect");
    await expectSoon(() => pair.proxy.linkCount === 1);
    again.destroy();
  });

  it("resets both sides", async () => {
    await using pair = await Pair.open();
    pair.near.write("x");
    await expectSoon(() => pair.heard.up === "x");
    pair.proxy.reset();
    await expectSoon(() => pair.ended.includes("near ECONNRESET") && pair.ended.includes("far ECONNRESET"));
  });

  it("ends after the given number of bytes, wherever in a message that is", async () => {
    await using pair = await Pair.open();
    pair.proxy.cutAfter("down", 7);
    pair.far.write("hello ");
    await expectSoon(() => pair.heard.down === "hello ");
    pair.far.write("world");
    await expectSoon(() => pair.ended.includes("near closed"));
    expect(pair.heard.down).toBe("hello w");
  });

  it("ends no more, once it is calm, what had not passed its number of bytes yet", async () => {
    await using pair = await Pair.open();
    pair.proxy.cutAfter("up", 7);
    pair.near.write("hello ");
    await expectSoon(() => pair.heard.up === "hello ");
    pair.proxy.calm();
    pair.near.write("world");
    await expectSoon(() => pair.heard.up === "hello world");
    expect(pair.ended).toEqual([]);
  });
});

it("refuses what is out of range, naming it", async () => {
  await expect(TcpProxy.open({ port: 0 })).rejects.toThrow(/^port: 0 given/);
  await using pair = await Pair.open();
  expect(() => pair.proxy.setWeather("up", { delayMs: -1 })).toThrow(/^delayMs: -1 given/);
  expect(() => pair.proxy.setWeather("up", { bytesPerS: 0 })).toThrow(/^bytesPerS: 0 given/);
  expect(() => pair.proxy.cutAfter("up", 0)).toThrow(/^bytes: 0 given/);
});
