import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it, vi } from "vitest";
import { spawnBound } from "./bound-child.ts";

const module = fileURLToPath(new URL("bound-child.ts", import.meta.url));

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

it("ends with the process that started it, also when that is killed", async () => {
  const program = `
    import { spawnBound } from ${JSON.stringify(module)};
    console.log(spawnBound("sleep", ["600"], { stdio: "ignore" }).pid);
    setInterval(() => {}, 1_000);
  `;
  const args = ["--import", "tsx", "--input-type", "module", "-e", program];
  const parent = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(parent.stdout, "data")) as [Buffer];
  const pid = Number(line);
  expect(isThere(pid)).toBe(true);
  parent.kill("SIGKILL");
  await vi.waitFor(() => expect(isThere(pid)).toBe(false), { timeout: 10_000 });
});

it("is called by the name it is given", async () => {
  const child = spawnBound("sh", ["-c", 'printf %s "$0"'], { name: "other", stdio: ["ignore", "pipe", "ignore"] });
  const [said] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  expect(String(said)).toBe("other");
});

it("ends with 127 when there is no such program", async () => {
  const child = spawnBound("there-is-no-such-program", [], { stdio: "ignore" });
  expect(await once(child, "exit")).toEqual([127, null]);
});
