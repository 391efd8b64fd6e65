// Values on their way in and out: checked by the contract's schema, serialised once, never larger than a limit.

import { wireLimits, type Issue } from "@heddle/protocol";
import { validate, type StandardSchemaV1 } from "@heddle/protocol/contract";
import { HubError } from "@heddle/hub";

/** Largest JSON text of an event, notice, question or result. Bytes of UTF-8: what a connection's queue holds. */
export const payloadBytesMax = wireLimits.queueBytes;

export type Checked =
  | { readonly is: "ok"; readonly value: unknown }
  | { readonly is: "refused"; readonly why: string; readonly issues: readonly Issue[] };

/** The schema's output for `value`, or what it says against it. `what` names the value in the text. */
export async function check(what: string, schema: StandardSchemaV1, value: unknown): Promise<Checked> {
  const result = await validate(schema, value);
  if (!("issues" in result)) return { is: "ok", value: result.value };
  return { is: "refused", why: `${what}: ${textOf(result.issues)}`, issues: result.issues };
}

/** As `check`, for values of the application itself. @throws {HubError} `refused`, with the issues */
export async function expectValid(what: string, schema: StandardSchemaV1, value: unknown): Promise<unknown> {
  const checked = await check(what, schema, value);
  if (checked.is === "refused") throw new HubError("refused", checked.why, { issues: checked.issues });
  return checked.value;
}

/** JSON text; `undefined` becomes `null`. @throws {HubError} `tooLarge`; {TypeError} for what JSON cannot say */
export function serialise(what: string, value: unknown): string {
  const json = JSON.stringify(value) ?? "null";
  const bytes = json.length * 3 <= payloadBytesMax ? 0 : Buffer.byteLength(json);
  if (bytes > payloadBytesMax)
    throw new HubError("tooLarge", `${what}: ${bytes} bytes, at most ${payloadBytesMax} are sent`);
  return json;
}

function textOf(issues: readonly Issue[]): string {
  const [first, ...others] = issues;
  if (first === undefined) return "breaks its schema";
  const path = first.path.length === 0 ? "" : `${first.path.join(".")}: `;
  return `${path}${first.message}${others.length === 0 ? "" : ` (and ${others.length} more)`}`;
}
