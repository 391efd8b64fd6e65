// What can be wrong with a contract itself: found when it is defined, never while messages pass.

import { CodedError } from "@heddle/base";

/** `invalid`: a name or number breaks its rule; `async-parameter`: a parameter's schema does not answer at once. */
export type ContractErrorCode = "invalid" | "async-parameter";

/** The contract cannot work. The text names the field, the value and the limit. */
export class ContractError extends CodedError<ContractErrorCode> {
  readonly field: string;

  constructor(code: ContractErrorCode, field: string, problem: string) {
    super(code, `${field}: ${problem}`);
    this.field = field;
  }
}
