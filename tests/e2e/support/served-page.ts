// A page of a test's own: one script, bundled as an application's would be, and a Heddle server at the same address.

import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { build } from "vite";

/** What is needed of the Heddle server. The test made it and closes it. */
interface Attachable {
  attach(http: ReturnType<typeof createHttpServer>): Promise<unknown>;
  handleRequest(request: IncomingMessage, response: ServerResponse): boolean;
}

export interface ServedPage extends AsyncDisposable {
  readonly url: string;
  /** Connections that are open, also as WebSockets. */
  readonly sockets: ReadonlySet<Socket>;
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
      rolldownOptions: { output: { codeSplitting: false } },
    },
  });
  const outputs = (Array.isArray(built) ? built : [built]).flatMap((each) => ("output" in each ? each.output : []));
  const code = outputs.flatMap((each) => (each.type === "chunk" ? [each.code] : [])).join("\n");
  const http = createHttpServer((request, response) => {
    if (heddle.handleRequest(request, response)) return;
    const isScript = request.url === "/page.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? code : `<!doctype html><title>t</title><script type="module" src="/page.js"></script>`);
  });
  const sockets = new Set<Socket>();
  http.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await heddle.attach(http);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    sockets,
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
