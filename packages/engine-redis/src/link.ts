// The link to one primary: a connection for commands and one for subscriptions, to the same run of the same server. Either ends,
// both end, and the link with them; a later one is another generation. Silence is probed.

import { messageOf, type Clock } from "@heddle/base";
import { EngineError } from "@heddle/hub/ports";
import { engineErrorOf, listOf, textOf, type Connect, type Connection } from "./connection.ts";
import { addressText, type Access, type Address, type RedisLimits } from "./limits.ts";
import { scripts } from "./scripts.ts";
import { judge, readInfo, type ServerInfo } from "./server-info.ts";

export interface LinkOptions {
  readonly gen: number;
  readonly address: Address;
  readonly access: Access;
  readonly connect: Connect;
  readonly clock: Clock;
  readonly limits: RedisLimits;
  /** A topic of the link's own, in a partition that the primary has. */
  readonly probeTopic: string;
  readonly words: PubSubWords;
  readonly message: (link: Link, topic: string, body: Buffer) => void;
  readonly moved: () => void;
  /** Once, after it was open. */
  readonly ended: (link: Link, why: string) => void;
}

/** Classic or sharded. */
export interface PubSubWords {
  readonly publish: string;
  readonly subscribe: string;
  readonly unsubscribe: string;
}

export const classic: PubSubWords = { publish: "publish", subscribe: "subscribe", unsubscribe: "unsubscribe" };
export const sharded: PubSubWords = { publish: "spublish", subscribe: "ssubscribe", unsubscribe: "sunsubscribe" };

/** Probes without an echo that end a link. */
const missingMax = 2;

export class Link implements Disposable {
  readonly gen: number;
  readonly address: Address;
  /** What the operator should know of this server. */
  notes: readonly string[] = [];
  readonly #options: LinkOptions;
  #commands: Connection | undefined;
  #subscriber: Connection | undefined;
  #state: "opening" | "open" | "ended" = "opening";
  #why = "";
  #probe: Disposable | undefined;
  #heardMs = 0;
  #missing = 0;

  private constructor(options: LinkOptions) {
    this.#options = options;
    this.gen = options.gen;
    this.address = options.address;
  }

  /** @throws {EngineError} `unreachable`, also when there is a replica; `failed` when the server must not be used */
  static async open(options: LinkOptions): Promise<Link> {
    const link = new Link(options);
    try {
      await link.#open();
      return link;
    } catch (error) {
      link.#end(messageOf(error));
      throw engineErrorOf(error, addressText(options.address));
    }
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  get commands(): Connection {
    return this.#used(this.#commands);
  }

  get subscriber(): Connection {
    return this.#used(this.#subscriber);
  }

  end(why: string): void {
    this.#end(why);
  }

  [Symbol.dispose](): void {
    this.#end("closed");
  }

  async #open(): Promise<void> {
    const { address, access, connect, message, moved, limits, probeTopic, words } = this.#options;
    const closed = (why: string): void => this.#end(why);
    this.#commands = await connect(address, access, { closed });
    const info = await this.#info(this.#commands);
    this.notes = judge(info, addressText(address));
    if (!info.isPrimary) throw this.#unreachable("is a replica");
    if (info.isLoading) throw this.#unreachable("is still loading its data");
    this.#subscriber = await connect(address, access, {
      closed,
      moved,
      message: (topic, body) => {
        this.#heard();
        if (topic !== probeTopic && this.isOpen) message(this, topic, body);
      },
    });
    // Behind one address there may be another server by now.
    if ((await this.#info(this.#subscriber)).runId !== info.runId) throw this.#unreachable("was exchanged meanwhile");
    await this.#subscriber.call(words.subscribe, probeTopic);
    for (const { source } of Object.values(scripts)) await this.#commands.call("script", "load", source);
    if (this.#state === "ended") throw this.#unreachable(this.#why);
    this.#state = "open";
    this.#heard();
    this.#probe = this.#options.clock.after(limits.probeMs, () => this.#look());
  }

  async #info(connection: Connection): Promise<ServerInfo> {
    return readInfo(textOf(await connection.call("info")));
  }

  #heard(): void {
    this.#heardMs = this.#options.clock.monotonicMs();
    this.#missing = 0;
  }

  /** After a silence, sends something through the whole link; also finds a primary that has become a replica. */
  #look(): void {
    const { clock, limits, probeTopic, words } = this.#options;
    if (this.#missing >= missingMax) return this.#end("two probes did not come back");
    if (clock.monotonicMs() - this.#heardMs >= limits.probeMs) {
      this.#missing++;
      this.#commands?.call(words.publish, probeTopic, "").catch((error: unknown) => (this.#why = messageOf(error)));
    }
    this.#commands?.call("role").then(
      (reply) => {
        if (textOf(listOf(reply)[0]) !== "master") this.#end("the primary has become a replica");
      },
      (error: unknown) => (this.#why = messageOf(error)), // the probes decide
    );
    this.#probe = clock.after(limits.probeMs, () => this.#look());
  }

  #end(why: string): void {
    if (this.#state === "ended") return;
    const wasOpen = this.#state === "open";
    this.#state = "ended";
    this.#why = why;
    this.#probe?.[Symbol.dispose]();
    this.#commands?.close();
    this.#subscriber?.close();
    if (wasOpen) this.#options.ended(this, `${addressText(this.address)}: ${why}`);
  }

  #used(connection: Connection | undefined): Connection {
    if (connection === undefined) throw this.#unreachable("not connected");
    return connection;
  }

  #unreachable(why: string): EngineError {
    return new EngineError("unreachable", `Redis at ${addressText(this.address)} ${why}`);
  }
}
