// The playground's server: one contract, its rules, the pages, the bots. Starts and ends as a whole.

import { disk } from "@heddle/engine-disk";
import { redis, type RedisEngine } from "@heddle/engine-redis";
import { jwt } from "@heddle/auth-jwt";
import { createServer } from "@heddle/server";
import { playground } from "../contract.ts";
import { startBots, type Bots } from "./bots.ts";
import { setUpChat } from "./chat.ts";
import { setUpExchange } from "./exchange.ts";
import { loadKey } from "./key.ts";
import { createPages } from "./pages.ts";
import { accessAudience, Seats } from "./seats.ts";
import { StartError, type Settings } from "./settings.ts";

/** Shorter than the default, so that a link that died in silence is noticed while one watches. Milliseconds. */
const pingMs = 5_000;
/** Clients come back at a moment of their own within this time. Milliseconds. */
const spreadMs = 500;

export interface Running {
  readonly url: string;
  /** What an operator should know, a sentence each. */
  readonly notes: readonly string[];
  /** Closes everything: within two seconds. */
  close(): Promise<void>;
  /** Lets clients move on to another server for at most this long, then closes everything. Milliseconds. */
  drain(deadlineMs: number): Promise<void>;
}

/** @throws {StartError} in one sentence: no page, no key, no place for messages, port taken, address not ours */
export async function startPlayground(settings: Settings): Promise<Running> {
  const shared = sharedEngine(settings);
  const key = await loadKey(settings.dataFolder);
  const seats = new Seats(key, settings.tokenS);
  const pages = createPages(seats);
  const server = createServer({
    contract: playground,
    auth: jwt({ secret: key, audience: accessAudience }),
    // The same over restarts, so that whoever comes back is known as the publisher they were.
    secret: key,
    limits: { pingMs },
    // `interval`: the market writes thousands of entries a second, and no killed process loses one either way.
    ...(settings.logFolder === undefined ? {} : { engine: disk({ path: settings.logFolder, sync: "interval" }) }),
    ...(shared === undefined ? {} : { engine: shared }),
  });
  setUpChat(server);
  const exchange = setUpExchange(server);
  const { port, host } = settings;
  const address = await server.listen({ port, host, handler: pages }).catch(async (error: unknown) => {
    await server.close();
    throw startErrorOf(error, settings);
  });
  const floor = new Floor(exchange, () => (settings.hasBots ? startBots(address.url, seats) : undefined));
  const unfollow = follow(shared, floor);
  const stop = async (): Promise<void> => {
    unfollow();
    await floor.leave();
  };
  return {
    url: address.url,
    notes: shared?.notes ?? [],
    async close() {
      await stop();
      await server.close({ spreadMs });
    },
    async drain(deadlineMs) {
      await stop();
      await server.drain({ deadlineMs });
    },
  };
}

/** @throws {StartError} when the URL is none */
function sharedEngine({ redisUrl }: Settings): RedisEngine | undefined {
  if (redisUrl === undefined) return undefined;
  try {
    return redis({ url: redisUrl, prefix: "playground:" });
  } catch (error) {
    throw new StartError(`HEDDLE_REDIS is no address of a Redis (${messageOf(error)}).`, error);
  }
}

/** Of several processes on one Redis, the first by name makes the prices and has the bots. @returns ends it */
function follow(shared: RedisEngine | undefined, floor: Floor): () => void {
  if (shared === undefined) {
    floor.take();
    return () => undefined;
  }
  const { self, changed, alive } = shared.registry;
  const decide = (nodes: readonly string[]): void => {
    if ([...nodes].sort()[0] === self) floor.take();
    else void floor.leave();
  };
  decide(alive.call(shared.registry));
  return changed.on((change) => decide(change.alive));
}

/** What one process does for all. */
class Floor {
  readonly #exchange: ReturnType<typeof setUpExchange>;
  readonly #startBots: () => Bots | undefined;
  #bots: Bots | undefined;
  #isTaken = false;

  constructor(exchange: ReturnType<typeof setUpExchange>, start: () => Bots | undefined) {
    this.#exchange = exchange;
    this.#startBots = start;
  }

  take(): void {
    if (this.#isTaken) return;
    this.#isTaken = true;
    this.#bots = this.#startBots();
    // Without the store there are no prices to go on from; whoever has the floor later tries again.
    this.#exchange.start().catch(() => void (this.#isTaken = false));
  }

  async leave(): Promise<void> {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    this.#exchange.stop();
    const bots = this.#bots;
    this.#bots = undefined;
    await bots?.stop();
  }
}

function startErrorOf(error: unknown, { port, host, redisUrl }: Settings): unknown {
  if (error instanceof Error && error.name === "EngineError" && redisUrl !== undefined)
    return new StartError(`The Redis of HEDDLE_REDIS cannot be used (${error.message}).`, error);
  if (error instanceof Error && error.name === "EngineError")
    return new StartError(
      `The messages cannot be kept (${error.message}); set HEDDLE_DATA to another folder, or to memory.`,
      error,
    );
  switch ((error as NodeJS.ErrnoException).code) {
    case "EADDRINUSE":
      return new StartError(
        `Port ${port} of ${host} is taken; end what uses it, or choose another: PORT=7071 npm start`,
        error,
      );
    case "EACCES":
      return new StartError(
        `Port ${port} may not be used by this user; choose one above 1023: PORT=7070 npm start`,
        error,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new StartError(`${host} is no address of this machine; HOST=127.0.0.1 always is.`, error);
    default:
      return error;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
