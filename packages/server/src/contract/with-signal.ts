// The `signal` in what hooks and handlers are told. Most never read it, and one that nobody reads is not made.

import type { Stoppable } from "@heddle/hub/ports";

const source = Symbol("what the signal is of");

/** One getter for all contexts: an object with a getter of its own costs as much as all else of a call. */
const property: PropertyDescriptor = {
  enumerable: true,
  configurable: true,
  get(this: { readonly [source]: Stoppable }) {
    return this[source].signal;
  },
};

/** Gives `context` the signal as a property of its own, so that a copy `{ ...context }` has it, too. */
export function withSignal<C extends object>(context: C, stop: Stoppable): C & { readonly signal: AbortSignal } {
  Object.defineProperty(context, source, { value: stop });
  return Object.defineProperty(context, "signal", property) as C & { readonly signal: AbortSignal };
}
