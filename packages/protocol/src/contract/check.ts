// What must hold of a contract before anything is built on it. Every complaint names the field, the value and the limit.

import { isBytesSchema } from "./bytes.ts";
import { isNameWithin, serverNamePrefix } from "../wire/names.ts";
import { wireLimits } from "../wire/limits.ts";
import { ContractError } from "./contract-error.ts";
import type { StandardSchemaV1 } from "./schema.ts";
import type { CallDefinition, ChannelDefinition, ContractSpec } from "./definitions.ts";

/** Most definitions of one kind: channels, calls, questions, notices, events of one channel. */
const definitionsMax = 1_000;
/** Most parameters of one channel. */
const paramsMax = 16;
const keyShape = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const slowPolicies: readonly unknown[] = ["resume", "latest", "volatile", "disconnect"];

/** @throws {ContractError} `invalid` */
export function checkContract({ channels, calls, asks, notices }: Required<ContractSpec>): void {
  for (const [part, definitions] of Object.entries({ channels, calls, asks, notices })) {
    checkCount(part, definitions, definitionsMax);
  }
  for (const [key, definition] of Object.entries(channels)) checkChannel(`channels.${key}`, key, definition);
  for (const [part, definitions] of Object.entries({ calls, asks })) {
    for (const [name, definition] of Object.entries(definitions)) checkCall(`${part}.${name}`, name, definition);
  }
  for (const [name, { isInputStream }] of Object.entries(asks)) {
    if (isInputStream) throw new ContractError("invalid", `asks.${name}.input`, "a stream given, a schema wanted");
  }
  for (const [name, schema] of Object.entries(notices)) {
    checkName(`notices.${name}`, name);
    checkSchema(`notices.${name}`, schema);
  }
}

function checkChannel(field: string, key: string, definition: ChannelDefinition): void {
  if (key.startsWith(serverNamePrefix))
    throw new ContractError("invalid", field, `names with ${serverNamePrefix} belong to the server`);
  checkKey(field, key);
  const { params, events, member, history, slow, everyMs, flushMs } = definition;
  checkCount(`${field}.params`, params, paramsMax);
  for (const [param, schema] of Object.entries(params)) {
    checkKey(`${field}.params.${param}`, param);
    checkSchema(`${field}.params.${param}`, schema);
  }
  checkCount(`${field}.events`, events, definitionsMax);
  for (const [event, { schema }] of Object.entries(events)) {
    checkName(`${field}.events.${event}`, event);
    checkAnySchema(`${field}.events.${event}`, schema);
  }
  if (member !== undefined) checkSchema(`${field}.member`, member);
  checkRange(`${field}.history.entries`, history.entries, 1, 100_000);
  checkRange(`${field}.history.ageMs`, history.ageMs, 1_000, 31_536_000_000);
  const isByKey = typeof slow === "object" && typeof slow?.latestBy === "function";
  if (!isByKey && !slowPolicies.includes(slow))
    throw new ContractError(
      "invalid",
      `${field}.slow`,
      `${shown(slow)} given, ${slowPolicies.join(", ")} or { latestBy } wanted`,
    );
  checkRange(`${field}.flushMs`, flushMs, 0, 50);
  if (everyMs === 0) return;
  if (!isByKey && slow !== "latest")
    throw new ContractError(
      "invalid",
      `${field}.everyMs`,
      `${everyMs} given, but slow is ${shown(slow)}: only latest and latestBy have it`,
    );
  checkRange(`${field}.everyMs`, everyMs, 10, 60_000);
}

function checkCall(field: string, name: string, definition: CallDefinition): void {
  const { input, output, isIdempotent, isStream, isInputStream } = definition;
  checkName(field, name);
  checkSchema(`${field}.input`, input);
  checkSchema(`${field}.output`, output);
  if ((isStream || isInputStream) && isIdempotent)
    throw new ContractError(
      "invalid",
      `${field}.idempotent`,
      `true given, but its ${isStream ? "output" : "input"} is a stream: that is not repeated`,
    );
}

function checkCount(field: string, definitions: object, most: number): void {
  const count = Object.keys(definitions).length;
  if (count > most) throw new ContractError("invalid", field, `${count} given, at most ${most} are taken`);
}

function checkKey(field: string, key: string): void {
  if (!keyShape.test(key))
    throw new ContractError("invalid", field, `${shown(key)} given, a letter and at most 63 of A-Z a-z 0-9 _ - wanted`);
}

function checkName(field: string, name: string): void {
  const { eventNameBytes } = wireLimits;
  if (!isNameWithin(name, eventNameBytes))
    throw new ContractError("invalid", field, `${shown(name)} given, 1 to ${eventNameBytes} bytes wanted`);
}

function checkSchema(field: string, schema: StandardSchemaV1): void {
  checkAnySchema(field, schema);
  if (isBytesSchema(schema))
    throw new ContractError("invalid", field, "bytes() given: events alone have payloads of bytes");
}

/** Libraries make schemas of objects (zod, valibot) or of functions (arktype). */
function checkAnySchema(field: string, schema: unknown): void {
  const isCarrier = (typeof schema === "object" && schema !== null) || typeof schema === "function";
  const standard = isCarrier ? (schema as { readonly "~standard"?: { readonly validate?: unknown } })["~standard"] : {};
  if (typeof standard?.validate !== "function")
    throw new ContractError("invalid", field, `${shown(schema)} given, a schema that follows Standard Schema wanted`);
}

function checkRange(field: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new ContractError("invalid", field, `${shown(value)} given, a whole number from ${least} to ${most} wanted`);
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
