// A page of a test's own: one script, bundled as an application's would be, and a Heddle server at the same address.

import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { build } from "vite";

/** What is needed of the Heddle server. The test made it and closes it. */
interface Attachable {
  attach(http: ReturnType<typeof createHttpServer>): Promise<unknown>;
}

export interface ServedPage extends AsyncDisposable {
  readonly url: string;
}

/** @param script  a file of this folder */
export async function servePage(script: string, heddle: Attachable): Promise<ServedPage> {
  const built = await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      target: "es2022",
      lib: { entry: fileURLToPath(new URL(script, import.meta.url)), formats: ["es"] },
    },
  });
  const outputs = (Array.isArray(built) ? built : [built]).flatMap((each) => ("output" in each ? each.output : []));
  const code = outputs.flatMap((each) => (each.type === "chunk" ? [each.code] : [])).join("\n");
  const http = createHttpServer((request, response) => {
    const isScript = request.url === "/page.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? code : `<!doctype html><title>t</title><script type="module" src="/page.js"></script>`);
  });
  await heddle.attach(http);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

/** Reads something of what the page's script put in `globalThis.page`, once it has run. */
export async function readPage<Its, T>(page: Page, read: (its: Its) => T): Promise<Awaited<T>> {
  await page.waitForFunction("globalThis.page");
  return (await page.evaluate(`(${read.toString()})(globalThis.page)`)) as Awaited<T>;
}
