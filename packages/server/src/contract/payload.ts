// Values on their way in and out: checked by the contract's schema, serialised once, never larger than a limit.

import { wireLimits, type Issue } from "@heddle/protocol";
import { isBytesSchema, validate, type StandardSchemaV1, type Validated } from "@heddle/protocol/contract";
import { HubError } from "@heddle/hub";
import type { Content } from "@heddle/hub/ports";

/** Largest JSON text of an event, notice, question or result. Bytes of UTF-8: what a connection's queue holds. */
export const payloadBytesMax = wireLimits.queueBytes;

export type Checked =
  | { readonly is: "ok"; readonly value: unknown }
  | { readonly is: "refused"; readonly why: string; readonly issues: readonly Issue[] };

/**
 * The schema's output for `value`, or what it says against it. `what` names the value in the text. At once unless the
 * schema itself is asynchronous: every payload passes here, and a promise for each would be most of the work.
 */
export function check(what: string, schema: StandardSchemaV1, value: unknown): Checked | Promise<Checked> {
  const result = validate(schema, value);
  return result instanceof Promise ? result.then((late) => checkedOf(what, late)) : checkedOf(what, result);
}

function checkedOf(what: string, result: Validated<unknown>): Checked {
  if (!("issues" in result)) return { is: "ok", value: result.value };
  return { is: "refused", why: `${what}: ${textOf(result.issues)}`, issues: result.issues };
}

/** As `check`, for values of the application itself. @throws {HubError} `refused`, with the issues; at once or later */
export function expectValid(what: string, schema: StandardSchemaV1, value: unknown): unknown {
  const checked = check(what, schema, value);
  return checked instanceof Promise ? checked.then(valid) : valid(checked);
}

function valid(checked: Checked): unknown {
  if (checked.is === "refused") throw new HubError("refused", checked.why, { issues: checked.issues });
  return checked.value;
}

/** What is stored of a payload that its schema has taken. @throws {HubError} `tooLarge`; {TypeError} for what it cannot be */
export function contentOf(what: string, schema: StandardSchemaV1, value: unknown): Content {
  if (!isBytesSchema(schema)) return { json: serialise(what, value) };
  if (!(value instanceof Uint8Array)) throw new TypeError(`${what}: ${typeof value}, bytes wanted`);
  expectSize(what, value.length);
  return { bytes: value.slice() }; // whoever gave it may go on writing to it
}

/** JSON text; `undefined` becomes `null`. @throws {HubError} `tooLarge`; {TypeError} for what JSON cannot say */
export function serialise(what: string, value: unknown): string {
  const json = JSON.stringify(value) ?? "null";
  if (json.length * 3 > payloadBytesMax) expectSize(what, Buffer.byteLength(json));
  return json;
}

function expectSize(what: string, bytes: number): void {
  if (bytes > payloadBytesMax)
    throw new HubError("tooLarge", `${what}: ${bytes} bytes, at most ${payloadBytesMax} are sent`);
}

function textOf(issues: readonly Issue[]): string {
  const [first, ...others] = issues;
  if (first === undefined) return "breaks its schema";
  const path = first.path.length === 0 ? "" : `${first.path.join(".")}: `;
  return `${path}${first.message}${others.length === 0 ? "" : ` (and ${others.length} more)`}`;
}
