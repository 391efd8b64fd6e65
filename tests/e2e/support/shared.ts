// One browser and one playground for all files: starting them is most of what a short test costs. Files that kill the
// server start one of their own.

import type { TestProject } from "vitest/node";
import { launchServer } from "./browser.ts";
import { Playground } from "./server.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the browser listens for `connect`. */
    readonly browser: string;
    /** Address of the playground. */
    readonly playground: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [browser, playground] = await Promise.all([launchServer(), Playground.start()]);
  project.provide("browser", browser.wsEndpoint());
  project.provide("playground", playground.url);
  return async () => {
    await browser.close();
    await playground[Symbol.asyncDispose]();
  };
}
