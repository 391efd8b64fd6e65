// A line between programs that misbehaves on request: late, slow, deaf in one direction, cut, reset, ended in the middle of
// a message. Knows TCP alone, so whatever speaks over it may be tested with it.

import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { expectInteger, expectRange, OptionError, type Clock, type Random } from "@heddle/base";
import { systemClock, systemRandom } from "@heddle/base/system";
import { goodWeather, Pump, type Weather } from "./pump.ts";

export type { Weather } from "./pump.ts";

/** `up`: from those who connect to the target; `down`: back to them. */
export type Way = "up" | "down";

export interface TcpProxyOptions {
  /** Where connections lead. */
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Bytes held per connection and direction before reading stops. 1_024…67_108_864, default 1_048_576. */
  readonly heldBytesMax?: number;
}

const longestMs = 60_000;

export class TcpProxy implements AsyncDisposable {
  /** Where to connect to instead of the target, on 127.0.0.1. */
  readonly port: number;
  readonly #server: Server;
  readonly #options: Required<TcpProxyOptions>;
  readonly #links = new Set<Link>();
  readonly #weather: Record<Way, Weather> = { up: goodWeather, down: goodWeather };

  private constructor(server: Server, options: Required<TcpProxyOptions>) {
    this.#server = server;
    this.#options = options;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (near) => this.#carry(near));
  }

  /** Listens on a free port. @throws {OptionError} naming field, value and range */
  static async open(given: TcpProxyOptions): Promise<TcpProxy> {
    const options = {
      ...{ host: "127.0.0.1", heldBytesMax: 1_048_576, clock: systemClock(), random: systemRandom() },
      ...given,
    };
    expectInteger("port", options.port, 1, 65_535);
    expectInteger("heldBytesMax", options.heldBytesMax, 1_024, 67_108_864);
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    return new TcpProxy(server, options);
  }

  get linkCount(): number {
    return this.#links.size;
  }

  /** Bytes that came and were not passed on. */
  get heldBytes(): number {
    return [...this.#links].reduce((sum, { pumps }) => sum + pumps.up.heldBytes + pumps.down.heldBytes, 0);
  }

  /** Changes one direction of every connection, present and to come. @throws {OptionError} naming field, value and range */
  setWeather(way: Way, weather: Partial<Weather>): void {
    const settled = { ...this.#weather[way], ...weather };
    expectRange("delayMs", settled.delayMs, 0, longestMs);
    expectRange("jitterMs", settled.jitterMs, 0, longestMs);
    if (!(settled.bytesPerS >= 1)) throw new OptionError("bytesPerS", settled.bytesPerS, "1 or more");
    this.#weather[way] = settled;
    for (const { pumps } of this.#links) pumps[way].setWeather(settled);
  }

  /** Good weather in both directions, and nothing ends any more that `cutAfter` had not ended yet. */
  calm(): void {
    for (const way of ["up", "down"] as const) {
      this.setWeather(way, goodWeather);
      for (const { pumps } of this.#links) pumps[way].endAfter(Infinity);
    }
  }

  /** Ends every connection at once, as a proxy that closes does. New ones work. */
  cut(): void {
    for (const link of [...this.#links]) link.end("cut");
  }

  /** Ends every connection with RST: what was not read yet is lost. */
  reset(): void {
    for (const link of [...this.#links]) link.end("reset");
  }

  /** Every open connection ends when `bytes` more have passed that way. @throws {OptionError} below 1 */
  cutAfter(way: Way, bytes: number): void {
    expectInteger("bytes", bytes, 1, Number.MAX_SAFE_INTEGER);
    for (const { pumps } of this.#links) pumps[way].endAfter(bytes);
  }

  /** Ends everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #carry(near: Socket): void {
    const { host, port } = this.#options;
    const far = connect({ port, host, allowHalfOpen: true });
    const link: Link = new Link(near, far, this.#weather, this.#options, () => this.#links.delete(link));
    this.#links.add(link);
  }
}

/** One connection: `near` is who connected, `far` the target. */
class Link {
  readonly pumps: Readonly<Record<Way, Pump>>;
  readonly #sockets: readonly Socket[];

  constructor(
    near: Socket,
    far: Socket,
    weather: Readonly<Record<Way, Weather>>,
    { clock, random, heldBytesMax }: Required<TcpProxyOptions>,
    ended: () => void,
  ) {
    this.#sockets = [near, far];
    const env = { clock, random, heldBytesMax, spent: () => this.end("cut") };
    this.pumps = { up: new Pump(near, far, weather.up, env), down: new Pump(far, near, weather.down, env) };
    let openCount = this.#sockets.length;
    for (const socket of this.#sockets) {
      socket.setNoDelay(true);
      socket.on("error", () => {}); // that it closes is what matters, and that is passed on
      socket.on("close", () => {
        if (--openCount === 0) ended();
      });
    }
  }

  end(how: "cut" | "reset"): void {
    for (const pump of Object.values(this.pumps)) pump.stop();
    for (const socket of this.#sockets) {
      if (how === "reset") socket.resetAndDestroy();
      else socket.destroy();
    }
  }
}
