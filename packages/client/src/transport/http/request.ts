// One POST of frames, and what a refusal means in the client's terms.

/** Asks the server. Undefined when it refused, which was told. @throws when there is no answer */
export type Request = (
  what: "stream" | "poll" | "frames",
  frames: readonly string[],
  signal: AbortSignal,
) => Promise<ReadableStream<Uint8Array> | undefined>;

export const lostCode = 1006;

/** @param refused  `afterMs`: when the server wants to be asked again */
export const newRequest =
  (
    { url, fetch }: { readonly url: string; readonly fetch: typeof globalThis.fetch },
    refused: (code: number, why: string, afterMs: number | undefined) => void,
  ): Request =>
  async (what, frames, signal) => {
    const response = await fetch(`${url}/${what}`, {
      method: "POST",
      headers: { "Content-Type": "application/x-ndjson" },
      body: frames.join("\n"),
      signal,
      credentials: "omit",
      cache: "no-store",
    });
    if (response.ok && response.body) return response.body;
    const told: unknown = await response.json().catch(() => undefined); // a page, or nothing
    if (signal.aborted) return undefined;
    const afterS = Number(response.headers.get("retry-after"));
    const { code, why } = verdictIn(told) ?? { code: lostCode, why: `HTTP ${response.status}` };
    refused(code, why, afterS > 0 ? afterS * 1_000 : undefined);
    return undefined;
  };

/**
 * What a server of ours says. Whoever else answers, a proxy that forbids POST or a page that is not there, knows nothing of
 * the client: that is a connection lost, and there may be another way.
 */
function verdictIn(told: unknown): { readonly code: number; readonly why: string } | undefined {
  const { code, error } = (told ?? {}) as { readonly code?: unknown; readonly error?: unknown };
  const isOurs = typeof code === "number" && code >= 4_000 && code < 5_000 && typeof error === "string";
  return isOurs ? { code, why: error } : undefined;
}
