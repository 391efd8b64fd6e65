// The playground's server: one contract, its rules, the pages, the bots. Starts and ends as a whole.

import { disk } from "@heddle/engine-disk";
import { createServer, jwt } from "@heddle/server";
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
  /** Drains, then closes everything. */
  close(): Promise<void>;
}

/** @throws {StartError} in one sentence: no key, no place for messages, port taken, address not ours */
export async function startPlayground(settings: Settings): Promise<Running> {
  const key = await loadKey(settings.dataFolder);
  const seats = new Seats(key, settings.tokenS);
  const server = createServer({
    contract: playground,
    auth: jwt({ secret: key, audience: accessAudience }),
    // The same over restarts, so that whoever comes back is known as the publisher they were.
    secret: key,
    limits: { pingMs },
    // `interval`: the market writes thousands of entries a second, and no killed process loses one either way.
    ...(settings.logFolder === undefined ? {} : { engine: disk({ path: settings.logFolder, sync: "interval" }) }),
  });
  setUpChat(server);
  const exchange = setUpExchange(server);
  const { port, host } = settings;
  const address = await server.listen({ port, host, handler: createPages(seats) }).catch(async (error: unknown) => {
    await server.close();
    throw startErrorOf(error, settings);
  });
  exchange.start();
  const bots: Bots | undefined = settings.hasBots ? startBots(address.url, seats) : undefined;
  return {
    url: address.url,
    async close() {
      exchange.stop();
      await bots?.stop();
      await server.close({ spreadMs });
    },
  };
}

function startErrorOf(error: unknown, { port, host }: Settings): unknown {
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
