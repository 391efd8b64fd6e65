// A client of the HTTP transport that is no client library: posts lines, reads lines and events.

import { createParser, type Parser } from "./event-reader.ts";

export type WireFrame = Readonly<Record<string, unknown>> & { readonly t: string };

export const helloOf = (token: string | undefined, over: object = {}): object => ({
  ...{ t: "hello", v: 1, pid: "posting-0001" },
  ...(token === undefined ? {} : { k: token }),
  ...over,
});

export function post(
  url: string,
  what: "stream" | "poll" | "frames",
  frames: readonly object[],
  init: { readonly headers?: Record<string, string>; readonly signal?: AbortSignal } = {},
): Promise<Response> {
  const body = frames.map((frame) => JSON.stringify(frame)).join("\n");
  return fetch(`${url}/realtime/${what}`, { method: "POST", body, ...init });
}

export async function framesOf(response: Response): Promise<WireFrame[]> {
  const text = await response.text();
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as WireFrame);
}

/** The events of a body as they come. */
export class EventReader {
  readonly frames: WireFrame[] = [];
  readonly ids: string[] = [];
  isOver = false;
  #waiting: (() => void)[] = [];

  constructor(response: Response) {
    const parser = createParser(({ id, data }) => {
      this.frames.push(JSON.parse(data) as WireFrame);
      this.ids.push(id);
    });
    void this.#read(response, parser).finally(() => {
      this.isOver = true;
      this.#wake();
    });
  }

  /** The first frame that is like this, from the beginning. */
  async next(t: string, isWanted: (frame: WireFrame) => boolean = () => true): Promise<WireFrame> {
    for (;;) {
      const found = this.frames.find((frame) => frame.t === t && isWanted(frame));
      if (found !== undefined) return found;
      if (this.isOver) throw new Error(`the body ended without ${t}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async over(): Promise<void> {
    while (!this.isOver) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async #read(response: Response, parser: Parser): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        parser.feed(decoder.decode(chunk, { stream: true }));
        this.#wake();
      }
    } catch {
      // Aborted by the test.
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
