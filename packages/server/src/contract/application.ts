// The hub's `Application`, made of a contract and what the application said about it.

import type { Contract } from "@heddle/protocol/contract";
import type { Application, ChannelPolicy, Operation } from "@heddle/hub/ports";
import { operationOf } from "./operation.ts";
import { ContractPolicy, type PolicyEnv } from "./policy.ts";
import type { Setup } from "./setup.ts";

/** Policies kept by channel name, so that a publish does not check the name's parameters again. The oldest goes first. */
const policiesMax = 10_000;

export class ContractApplication implements Application {
  readonly hasNotices: boolean;
  readonly #contract: Contract;
  readonly #setup: Setup;
  readonly #env: PolicyEnv;
  readonly #policies = new Map<string, ChannelPolicy>();
  readonly #operations = new Map<string, Operation>();

  constructor(contract: Contract, setup: Setup, env: PolicyEnv) {
    this.hasNotices = Object.keys(contract.notices).length > 0;
    this.#contract = contract;
    this.#setup = setup;
    this.#env = env;
  }

  /** Fixes what was set up. @throws {SetupError} `handlers-missing` */
  start(): void {
    this.#setup.start(Object.keys(this.#contract.calls));
    this.#policies.clear(); // those made before hold an unfinished set-up
  }

  channel(name: string): ChannelPolicy | undefined {
    const known = this.#policies.get(name);
    if (known !== undefined) return known;
    const resolved = this.#contract.resolve(name);
    if (resolved === undefined) return undefined; // not remembered: anybody can make up names
    const { key, definition, params } = resolved;
    const policy = new ContractPolicy(definition, this.#setup.channel(key), { channel: name, params }, this.#env);
    if (this.#policies.size >= policiesMax) {
      const [oldest] = this.#policies.keys();
      if (oldest !== undefined) this.#policies.delete(oldest);
    }
    this.#policies.set(name, policy);
    return policy;
  }

  operation(name: string): Operation | undefined {
    const known = this.#operations.get(name);
    if (known !== undefined) return known;
    const definition = Object.hasOwn(this.#contract.calls, name) ? this.#contract.calls[name] : undefined;
    const handler = this.#setup.callHandler(name);
    if (definition === undefined || handler === undefined) return undefined;
    const operation = operationOf(name, definition, handler, this.#env.faults);
    this.#operations.set(name, operation);
    return operation;
  }
}
