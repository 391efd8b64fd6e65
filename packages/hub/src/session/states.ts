// The life of a session as a table.

export const sessionStates = ["greeting", "authenticating", "open", "closed"] as const;
export type SessionState = (typeof sessionStates)[number];
export type SessionTrigger = "hello" | "welcomed" | "close";

/** Where triggers lead; an absent cell means the trigger breaks the protocol or comes too late. */
export const sessionTransitions: Record<SessionState, Partial<Record<SessionTrigger, SessionState>>> = {
  greeting: { hello: "authenticating", close: "closed" },
  authenticating: { welcomed: "open", close: "closed" },
  open: { close: "closed" },
  closed: {},
};
