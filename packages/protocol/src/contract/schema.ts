// Validation by any Standard Schema (standardschema.dev, version 1): one call, one bounded answer.

import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Issue } from "../wire/server-frames.ts";

export type { StandardSchemaV1 };

/** Issues told of one value, elements of one path, and characters of one message. The rest is cut. */
export const issueLimits = { count: 20, pathCount: 32, messageLength: 200 } as const;

export type Validated<T> = { readonly value: T } | { readonly issues: readonly Issue[] };

/** What the schema makes of `value`, or what it says against it. At once unless the schema itself is asynchronous. */
export function validate<S extends StandardSchemaV1>(
  schema: S,
  value: unknown,
): Validated<StandardSchemaV1.InferOutput<S>> | Promise<Validated<StandardSchemaV1.InferOutput<S>>> {
  const result = schema["~standard"].validate(value);
  return result instanceof Promise ? result.then(bounded) : bounded(result);
}

function bounded<T>(result: StandardSchemaV1.Result<T>): Validated<T> {
  if (result.issues === undefined) return { value: result.value };
  return { issues: result.issues.slice(0, issueLimits.count).map(issueOf) };
}

function issueOf({ message, path = [] }: StandardSchemaV1.Issue): Issue {
  return {
    path: path.slice(0, issueLimits.pathCount).map(stepOf),
    message: message.slice(0, issueLimits.messageLength),
  };
}

function stepOf(step: PropertyKey | StandardSchemaV1.PathSegment): string | number {
  const key = typeof step === "object" ? step.key : step;
  return typeof key === "number" ? key : String(key).slice(0, issueLimits.messageLength);
}
