// Starts other programs and collects what they print. Knows nothing of what they are for.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Plain } from "./output.mjs";

/** The repository's root folder. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/**
 * @typedef {object} Outcome
 * @property {number} code exit code; 128 + signal number's place is taken by 1 when a signal ended the program
 * @property {string} output standard output and error, in the order they arrived
 */

/**
 * Runs a program to its end.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number, onOutput?: (text: string) => void }} [options]
 *   `timeoutMs`: the program is killed after it, default 10 minutes
 * @returns {Promise<Outcome>}
 * @throws {Plain} when the program does not exist
 */
export function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd ?? root,
      env: options.env ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: options.timeoutMs ?? 600_000,
      killSignal: "SIGKILL",
      // npm is a batch file on Windows, and those need a shell.
      shell: process.platform === "win32" && program === "npm",
    });
    let output = "";
    const take = (/** @type {string} */ text) => {
      output += text;
      options.onOutput?.(text);
    };
    child.stdout.setEncoding("utf8").on("data", take);
    child.stderr.setEncoding("utf8").on("data", take);
    child.once("error", (/** @type {NodeJS.ErrnoException} */ cause) => {
      reject(cause.code === "ENOENT" ? new Plain(`The program "${program}" is not on the PATH.`) : cause);
    });
    child.once("close", (code, signal) => {
      if (signal !== null) output += `\n(${program} was ended by ${signal})`;
      resolve({ code: code ?? 1, output });
    });
  });
}

/**
 * Runs npm: the one that started this process, or else the one on the PATH.
 *
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number }} [options]
 * @returns {Promise<Outcome>}
 * @throws {Plain} when npm is absent
 */
export async function npm(args, options = {}) {
  const own = process.env["npm_execpath"];
  try {
    if (own !== undefined && /npm-cli\.[cm]?js$/.test(own)) return await run(process.execPath, [own, ...args], options);
    return await run("npm", args, options);
  } catch (cause) {
    if (cause instanceof Plain) throw new Plain("npm is missing: install it with Node.js from https://nodejs.org.");
    throw cause;
  }
}

/**
 * Runs one of the root's development tools with this Node.
 *
 * @param {string} script path of its JavaScript, relative to node_modules
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number, onOutput?: (text: string) => void }} [options]
 * @returns {Promise<Outcome>}
 */
export function tool(script, args, options = {}) {
  return run(process.execPath, [`${root}node_modules/${script}`, ...args], options);
}
