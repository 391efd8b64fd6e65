// What can be set from outside, read once and checked.

import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface Settings {
  /** TCP port, 0…65_535; 0 takes a free one. Default 7070. */
  readonly port: number;
  /** Address to listen on. Default 127.0.0.1: this machine only. */
  readonly host: string;
  /** Folder of the signing key. Created when absent. */
  readonly dataFolder: string;
  /** Folder of the channels' logs; undefined keeps them in memory. Created when absent. */
  readonly logFolder: string | undefined;
  /** Redis that has the logs instead, shared with other processes; undefined: none. */
  readonly redisUrl: string | undefined;
  /** Whether the two bots talk. Default true. */
  readonly hasBots: boolean;
  /** Life of a token. Seconds, 2…86_400, default 900: short, so that its renewal can be watched. */
  readonly tokenS: number;
  /** After SIGTERM clients have this long to move to another server. Seconds, 0…600, default 10. */
  readonly drainS: number;
}

/** A reason not to start, told in one sentence and without a stack. */
export class StartError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "StartError";
  }
}

/** @throws {StartError} naming the variable, its value and what is wanted */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const dataFolder = env["PLAYGROUND_DATA"] || fileURLToPath(new URL("../../.data", import.meta.url));
  return {
    port: integer(env, "PORT", 7070, 0, 65_535),
    host: env["HOST"] || "127.0.0.1",
    dataFolder,
    logFolder: env["HEDDLE_DATA"] === "memory" ? undefined : env["HEDDLE_DATA"] || join(dataFolder, "log"),
    redisUrl: env["HEDDLE_REDIS"] || undefined,
    hasBots: env["PLAYGROUND_BOTS"] !== "off",
    tokenS: integer(env, "PLAYGROUND_TOKEN_S", 900, 2, 86_400),
    drainS: integer(env, "HEDDLE_DRAIN_S", 10, 0, 600),
  };
}

function integer(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  standard: number,
  least: number,
  most: number,
): number {
  const given = env[name];
  if (given === undefined || given === "") return standard;
  const value = Number(given);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new StartError(`${name} is "${given}"; a whole number from ${least} to ${most} is wanted.`);
}
