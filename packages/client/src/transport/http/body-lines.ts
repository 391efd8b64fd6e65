// The frames of a body as it comes: events or lines, each holds one.

/**
 * @param onFrame  what it returns is waited for, and nothing is read meanwhile
 * @returns once the body has ended. @throws when it broke off
 */
export async function readFrames(
  body: ReadableStream<Uint8Array>,
  onFrame: (text: string) => void | Promise<void>,
): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop() as string;
    for (const line of lines) {
      // Comments, ids and empty lines (WHATWG HTML §9.2.6) say nothing here.
      if (line.startsWith("data: ")) await onFrame(line.slice("data: ".length));
      else if (line.startsWith("{")) await onFrame(line);
    }
  }
}
