// One POST of frames, and what a refusal means in the client's terms.

/** Asks the server. Undefined when it refused, which was told. @throws when there is no answer */
export type Request = (
  what: "stream" | "poll" | "frames",
  frames: readonly string[],
  signal: AbortSignal,
) => Promise<ReadableStream<Uint8Array> | undefined>;

/** Close codes of answers that give none, by their HTTP status. */
const codeByStatus: Readonly<Record<number, number>> = {
  401: 4101,
  403: 4403,
  404: 4406,
  405: 4406,
  426: 4406,
  429: 4029,
};
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
    const told = (await response.json().catch(() => ({}))) as { readonly code?: number; readonly error?: string };
    if (signal.aborted) return undefined;
    const { code = codeByStatus[response.status] ?? lostCode, error = `HTTP ${response.status}` } = told;
    const afterS = Number(response.headers.get("retry-after"));
    refused(code, error, afterS > 0 ? afterS * 1_000 : undefined);
    return undefined;
  };
