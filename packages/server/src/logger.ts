// Where the server says what an operator should know. An application passes its own; pino's and console's shapes fit.

/** Takes one line with its details. Must not throw. */
export interface Logger {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** Warnings and errors as JSON lines on standard error; the rest is dropped. */
export function stderrLogger(write: (line: string) => void = (line) => void process.stderr.write(line)): Logger {
  const line =
    (level: "warn" | "error") =>
    (details: object, message: string): void =>
      write(`${JSON.stringify({ level, message, ...details }, withErrors)}\n`);
  return {
    debug() {},
    info() {},
    warn: line("warn"),
    error: line("error"),
  };
}

/** An `Error` has no enumerable members, so JSON alone would show nothing of it. */
function withErrors(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  return { name: value.name, message: value.message, stack: value.stack, cause: value.cause };
}
