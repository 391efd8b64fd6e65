// The links to all primaries: which one has which partition, kept true while servers fail over, slots move and networks break.
// Commands are routed here; whether a broken one may be tried again is the caller's matter, but for those that never ran.

import type { Clock } from "@heddle/base";
import { EngineError } from "@heddle/hub/ports";
import { engineErrorOf, ReplyError, type Argument, type Connect, type Reply } from "./connection.ts";
import { addressText, type RedisSettings } from "./limits.ts";
import { classic, Link, sharded, type PubSubWords } from "./link.ts";
import type { KeySpace } from "./partitions.ts";
import type { Script } from "./scripts.ts";
import { Topics, type Attached, type Receiver } from "./topics.ts";
import type { Place, Topology } from "./topology.ts";

export interface LinksOptions {
  readonly settings: RedisSettings;
  readonly topology: Topology;
  readonly space: KeySpace;
  readonly connect: Connect;
  readonly clock: Clock;
  /** Draws a name nobody else has. */
  readonly drawName: () => string;
}

export class Links implements Disposable {
  readonly words: PubSubWords;
  readonly #options: LinksOptions;
  readonly #topics: Topics;
  readonly #links = new Map<string, Link>();
  readonly #byPartition: (Link | undefined)[];
  #gen = 0;
  #isClosed = false;
  #refreshing: Promise<void> | undefined;
  #retry: Disposable | undefined;
  #timer: Disposable | undefined;
  #pauseMs: number;
  #pendingCount = 0;
  #pendingBytes = 0;

  private constructor(options: LinksOptions) {
    this.#options = options;
    this.words = options.topology.isCluster ? sharded : classic;
    this.#topics = new Topics(this.words);
    this.#byPartition = options.space.tags.map(() => undefined);
    this.#pauseMs = options.settings.limits.retryMinMs;
  }

  /** Opens a link to every primary. @throws {EngineError} when one cannot be had */
  static async open(options: LinksOptions): Promise<Links> {
    const links = new Links(options);
    const first = links.#arrange(true);
    links.#refreshing = first.then(
      () => undefined,
      () => undefined, // told below
    );
    try {
      await first;
    } catch (error) {
      links[Symbol.dispose]();
      throw error;
    }
    links.#refreshing = undefined;
    links.#settled();
    if (options.topology.canChange) links.#askAgain();
    return links;
  }

  /** What an operator should know of the servers. */
  get notes(): readonly string[] {
    return [...new Set([...this.#links.values()].flatMap(({ notes }) => notes))];
  }

  get topicCount(): number {
    return this.#topics.count;
  }

  /**
   * Runs a script on the primary of a partition, in the order of the calls.
   *
   * @param bytes  of data in it, for the bound on what is under way
   * @throws {EngineError}
   */
  async run(
    partition: number,
    script: Script,
    keys: readonly string[],
    args: readonly Argument[],
    bytes = 0,
  ): Promise<Reply> {
    const { pendingCommands, pendingBytes } = this.#options.settings.limits;
    if (this.#pendingCount >= pendingCommands || (this.#pendingBytes + bytes > pendingBytes && this.#pendingCount > 0))
      throw new EngineError(
        "overloaded",
        `Redis: ${this.#pendingCount} commands of ${this.#pendingBytes} bytes are under way`,
      );
    this.#pendingCount++;
    this.#pendingBytes += bytes;
    try {
      const rest = [`${keys.length}`, ...keys, ...args];
      return await this.#routed(
        partition,
        async (link) => {
          try {
            return await link.commands.call("evalsha", script.sha, ...rest);
          } catch (error) {
            if (!(error instanceof ReplyError) || error.code !== "NOSCRIPT") throw error;
            return link.commands.call("eval", script.source, ...rest);
          }
        },
        ["eval", script.source, ...rest],
      );
    } catch (error) {
      throw engineErrorOf(error, script.name);
    } finally {
      this.#pendingCount--;
      this.#pendingBytes -= bytes;
    }
  }

  /** Runs one command on the primary of a partition. @throws {EngineError} */
  async call(partition: number, ...command: readonly Argument[]): Promise<Reply> {
    try {
      return await this.#routed(partition, (link) => link.commands.call(...command), command);
    } catch (error) {
      throw engineErrorOf(error, String(command[0]));
    }
  }

  /** @throws {EngineError} */
  async attach(partition: number, name: string, receiver: Receiver): Promise<Attached> {
    try {
      return await this.#topics.attach(this.#linkOf(partition), partition, name, receiver);
    } catch (error) {
      if (error instanceof ReplyError && error.code === "MOVED") void this.#refresh();
      throw engineErrorOf(error, this.words.subscribe);
    }
  }

  /** Tells and forgets a topic's receivers. */
  breakTopic(name: string, why: string): void {
    this.#topics.breakOne(name, why);
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#retry?.[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
    for (const link of this.#links.values()) link[Symbol.dispose]();
    this.#links.clear();
  }

  #linkOf(partition: number): Link {
    const link = this.#byPartition[partition];
    if (link?.isOpen === true) return link;
    throw new EngineError("unreachable", "Redis: no link to the primary of this channel");
  }

  /** A command that was sent to the wrong server did not run there, so it is sent to the right one, once. */
  async #routed(partition: number, send: (link: Link) => Promise<Reply>, command: readonly Argument[]): Promise<Reply> {
    try {
      return await send(this.#linkOf(partition));
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
      if (error.code === "READONLY") this.#byPartition[partition]?.end("the primary has become a replica");
      if (error.code === "MOVED") {
        await this.#refresh();
        return send(this.#linkOf(partition));
      }
      if (error.code !== "ASK") throw error;
      // The slot is on its way: this key is there already.
      const link = this.#links.get(error.message.split(" ")[2] ?? "");
      if (link?.isOpen !== true) throw error;
      link.commands.call("asking").catch(() => undefined); // then the command fails as well
      return link.commands.call(...command);
    }
  }

  /** Asks where the primaries are and links to them; one at a time, again later where it fails. */
  #refresh(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#refreshing ??= this.#arrange(false)
      .catch(() => undefined) // nobody could be asked: the links that are missing tell
      .then(() => {
        this.#refreshing = undefined;
        this.#settled();
      });
    return this.#refreshing;
  }

  /** Tries again later unless everything has its link: one may have ended while the others were made. */
  #settled(): void {
    const { retryMinMs, retryMaxMs } = this.#options.settings.limits;
    this.#retry?.[Symbol.dispose]();
    if (this.#isClosed || this.#byPartition.every((link) => link?.isOpen === true)) {
      this.#pauseMs = retryMinMs;
      return;
    }
    this.#retry = this.#options.clock.after(this.#pauseMs, () => void this.#refresh());
    this.#pauseMs = Math.min(2 * this.#pauseMs, retryMaxMs);
  }

  #askAgain(): void {
    this.#timer = this.#options.clock.after(this.#options.settings.limits.topologyMs, () => {
      void this.#refresh();
      this.#askAgain();
    });
  }

  /** @throws when nobody answers, and when `isStrict` and a primary has no link */
  async #arrange(isStrict: boolean): Promise<void> {
    const open = [...this.#links.values()].filter(({ isOpen }) => isOpen).map(({ commands }) => commands);
    const places = await this.#options.topology.places(open);
    const opened = await Promise.allSettled(places.map((place) => this.#ensure(place)));
    const failed = opened.find((each) => each.status === "rejected");
    if (isStrict && failed !== undefined) throw failed.reason;
    if (!this.#isClosed) this.#assign(places);
  }

  async #ensure({ address, partitions }: Place): Promise<void> {
    const known = this.#links.get(addressText(address));
    const [first] = partitions;
    if (known?.isOpen === true || first === undefined) return;
    const { settings, connect, clock, space, drawName } = this.#options;
    const link = await Link.open({
      ...{ gen: ++this.#gen, address, access: settings.access, connect, clock, limits: settings.limits },
      probeTopic: space.key(first, "probe", drawName()),
      words: this.words,
      message: (from, topic, body) => this.#topics.message(from, topic, body),
      moved: () => void this.#refresh(),
      ended: (ended, why) => this.#ended(ended, why),
    });
    if (this.#isClosed) return link[Symbol.dispose]();
    this.#links.set(addressText(address), link);
  }

  /** Gives each partition its link, and breaks what is attached to another one. */
  #assign(places: readonly Place[]): void {
    for (const { address, partitions } of places)
      for (const partition of partitions) this.#byPartition[partition] = this.#links.get(addressText(address));
    this.#topics.breakAll(({ partition, link }) => this.#byPartition[partition] !== link, "its partition has moved");
    const used = new Set(places.map(({ address }) => addressText(address)));
    for (const [name, link] of [...this.#links]) if (!used.has(name)) link.end("another server is the primary now");
  }

  #ended(link: Link, why: string): void {
    const name = addressText(link.address);
    if (this.#isClosed) return;
    if (this.#links.get(name) === link) this.#links.delete(name);
    this.#topics.breakAll((topic) => topic.link === link, why);
    void this.#refresh();
  }
}
