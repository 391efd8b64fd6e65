// What comes of a question to one connection.

/** What one session said. */
export type AskResult =
  | { readonly connectionId: string; readonly is: "answer"; readonly value: unknown }
  /** `code` is the client's own, 309 at the deadline, 101 when the connection ended first. */
  | { readonly connectionId: string; readonly is: "failure"; readonly code: number; readonly why: string };
