// Abilities beyond version 1 that both sides must have before either uses them.

/** Names of the abilities of this build. A new one is added here, and to PROTOCOL.md. */
export const wireFeatures: readonly string[] = ["pieces"];

/** The client sends `piece`s, the server takes them. */
export const piecesFeature = "pieces";

/** What of the other side's abilities is known here: `hello.f` in, `welcome.f` out. */
export const commonFeatures = (offered: readonly string[] = [], known = wireFeatures): string[] =>
  known.filter((name) => offered.includes(name));
