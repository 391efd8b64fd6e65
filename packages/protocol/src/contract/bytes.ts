// A payload of bytes, which travels and is stored as it is: no JSON, no text.

import type { StandardSchemaV1 } from "./schema.ts";

/** The schema of an event whose payload is bytes. `isBytes` is what tells it from schemas of values. */
export interface BytesSchema extends StandardSchemaV1<Uint8Array, Uint8Array> {
  readonly isBytes: true;
}

/**
 * Marks an event's payload as bytes: `frame: bytes()`, `cursor: volatile(bytes({ max: 64 }))`.
 *
 * @param max  most of them. Bytes, from 0; default: what a frame may have
 */
export function bytes({ max = Infinity }: { readonly max?: number } = {}): BytesSchema {
  const validate = (value: unknown): StandardSchemaV1.Result<Uint8Array> => {
    if (!(value instanceof Uint8Array)) return { issues: [{ message: "bytes wanted" }] };
    if (value.length > max) return { issues: [{ message: `${value.length} bytes given, at most ${max} wanted` }] };
    return { value };
  };
  return { isBytes: true, "~standard": { version: 1, vendor: "heddle", validate } };
}

/** Whether payloads of this schema are bytes. */
export const isBytesSchema = (schema: StandardSchemaV1): schema is BytesSchema =>
  (schema as Partial<BytesSchema>).isBytes === true;
