// Programs that end when we do, however we end: a test run that is killed leaves no server behind.

import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";

export interface BoundOptions {
  /** The name it is called by; some programs behave according to it. Default: the command. */
  readonly name?: string;
  readonly cwd?: string;
  readonly stdio: StdioOptions;
}

/** The kernel kills it when the thread that started it is gone; `exec` keeps that, and lets the program have another name. */
const bound = ["--pdeathsig", "KILL", "bash", "-c", 'exec -a "$0" "$@"'];

/**
 * Starts a program that is killed when this thread or process ends, by SIGKILL too. Linux, with util-linux and bash.
 *
 * @returns as `spawn` does; a command that does not exist ends with 127
 */
export function spawnBound(
  command: string,
  args: readonly string[],
  { name = command, cwd, stdio }: BoundOptions,
): ChildProcess {
  return spawn("setpriv", [...bound, name, command, ...args], { stdio, ...(cwd === undefined ? {} : { cwd }) });
}
