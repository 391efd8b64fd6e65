// The contract both sides share: checked when it is defined, then asked what a channel's name means.

import { isChannelName, splitChannelName } from "../wire/names.ts";
import { checkContract } from "./check.ts";
import { ContractError } from "./contract-error.ts";
import type {
  CallDefinitions,
  ChannelDefinition,
  ChannelDefinitions,
  ContractSpec,
  NoticeSchemas,
  Schema,
} from "./definitions.ts";
import { validate, type Validated } from "./schema.ts";

/** What a channel's name means. */
export interface ResolvedChannel {
  readonly key: string;
  readonly definition: ChannelDefinition;
  /** As the parameters' schemas give them. */
  readonly params: Readonly<Record<string, unknown>>;
}

export interface Contract<
  Ch extends ChannelDefinitions = ChannelDefinitions,
  Ca extends CallDefinitions = CallDefinitions,
  As extends CallDefinitions = CallDefinitions,
  No extends NoticeSchemas = NoticeSchemas,
> {
  readonly channels: Ch;
  readonly calls: Ca;
  readonly asks: As;
  readonly notices: No;
  /**
   * The channel with this name; undefined when the contract has none, the name is longer than
   * `wireLimits.channelNameBytes`, a parameter breaks its schema, or the name is not the one way to write it: one channel
   * has one name.
   *
   * @throws {ContractError} `async-parameter`
   */
  resolve(name: string): ResolvedChannel | undefined;
}

// What an omitted part is: no keys.
type None = Readonly<Record<never, never>>;

/** @throws {ContractError} `invalid`, naming the field, the value and the limit */
export function defineContract<const S extends ContractSpec>(
  spec: S,
): Contract<
  S["channels"] extends ChannelDefinitions ? S["channels"] : None,
  S["calls"] extends CallDefinitions ? S["calls"] : None,
  S["asks"] extends CallDefinitions ? S["asks"] : None,
  S["notices"] extends NoticeSchemas ? S["notices"] : None
> {
  const { channels = {}, calls = {}, asks = {}, notices = {} } = spec;
  checkContract({ channels, calls, asks, notices });
  const contract: Contract = { channels, calls, asks, notices, resolve: (name) => resolveIn(channels, name) };
  return contract as ReturnType<typeof defineContract<S>>; // the parts are the spec's own
}

function resolveIn(channels: ChannelDefinitions, name: string): ResolvedChannel | undefined {
  const parts = isChannelName(name) ? splitChannelName(name) : undefined;
  if (parts === undefined || !Object.hasOwn(channels, parts.key)) return undefined;
  const definition = channels[parts.key] as ChannelDefinition;
  const names = Object.keys(definition.params).sort();
  if (names.length !== parts.values.length) return undefined;
  const params: Record<string, unknown> = {};
  for (const [index, param] of names.entries()) {
    const text = parts.values[index] as string;
    const validated = paramOf(`channels.${parts.key}.params.${param}`, definition.params[param] as Schema, text);
    if ("issues" in validated || !readsAs(text, validated.value)) return undefined;
    params[param] = validated.value;
  }
  return { key: parts.key, definition, params };
}

/** Whether a value is written as this text: else a second name would mean the same channel. */
const readsAs = (text: string, value: unknown): boolean =>
  (typeof value === "string" || typeof value === "number") && String(value) === text;

/** What the schema makes of the text of a parameter, or of the number that is written so. */
function paramOf(field: string, schema: Schema, text: string): Validated<unknown> {
  const ofText = atOnce(field, schema, text);
  const number = Number(text);
  const isNumberText = Number.isFinite(number) && String(number) === text;
  return "issues" in ofText && isNumberText ? atOnce(field, schema, number) : ofText;
}

function atOnce(field: string, schema: Schema, value: unknown): Validated<unknown> {
  const validated = validate(schema, value);
  if (!(validated instanceof Promise)) return validated;
  validated.catch(() => undefined); // whatever it says comes too late
  throw new ContractError("async-parameter", field, "its schema must answer at once");
}
