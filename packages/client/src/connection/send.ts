// How parts of the client send frames, and how strict they are about them.

import type { ClientFrame } from "@heddle/protocol";

/** A frame on its way to JSON text, which leaves out what is undefined. */
export type Loose<T> = T extends string | number | readonly [unknown, ...unknown[]]
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Loose<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Loose<T[Key]> | undefined }
      : T;
/** Sends one frame, or the text of one, on the open connection; without one it is dropped. */
export type Send = (frame: Loose<ClientFrame> | string) => void;
