// Frame shapes as data, and the one function that checks a frame against them. PROTOCOL.md's table is compared with it.

import { isU32, isWirePos } from "./position.ts";

/** Types a frame's key can have, as the table of frames in PROTOCOL.md names them. */
export type KeyType =
  "u32" | "int" | "num" | "str" | "pos" | "any" | "obj" | "list" | "strs" | "flag" | "at" | "mode" | "id";

/** Keys and their types; a trailing `?` in the type marks an optional key. */
export type Shape = Readonly<Record<string, KeyType | `${KeyType}?`>>;

export const modes = ["resume", "key", "latest", "volatile"] as const;

/** How much continuity a subscription asks for; earlier in the list is stronger. */
export type Mode = (typeof modes)[number];

/** The first key that is missing or mistyped, or undefined when the frame has its shape. Unknown keys are ignored. */
export function misfit(frame: Readonly<Record<string, unknown>>, shape: Shape): string | undefined {
  for (const key in shape) {
    const type = shape[key] as string;
    const value = frame[key];
    if (value === undefined) {
      if (!type.endsWith("?")) return key;
    } else if (!hasType(value, type)) return key;
  }
  return undefined;
}

function hasType(value: unknown, type: string): boolean {
  switch (type.endsWith("?") ? type.slice(0, -1) : type) {
    case "u32":
      return isU32(value);
    case "int":
      return Number.isSafeInteger(value);
    case "num":
      return Number.isFinite(value); // JSON has no infinity, but 1e999 parses to it
    case "str":
      return typeof value === "string";
    case "pos":
      return isWirePos(value);
    case "any":
      return true;
    case "obj":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "list":
      return Array.isArray(value);
    case "strs":
      return Array.isArray(value) && value.every((item) => typeof item === "string");
    case "flag":
      return value === 0 || value === 1;
    case "at":
      return isStart(value);
    case "mode":
      return modes.includes(value as Mode);
    case "id":
      return isU32(value) || typeof value === "string";
    default:
      return false;
  }
}

function isStart(value: unknown): boolean {
  if (value === "live" || value === "snap") return true;
  if (!Array.isArray(value)) return false;
  if (value[0] === "pos") return isWirePos(value.slice(1));
  return value[0] === "last" && value.length === 2 && Number.isSafeInteger(value[1]) && (value[1] as number) >= 1;
}
