// Who is in a channel: what this node hosts, with the grace of those whose connection broke, and what the other nodes say.
// A member is one session, or all sessions the application counts as one.

import type { Codec } from "@heddle/protocol";
import { EngineError, type Frame } from "../ports/index.ts";
import { Gossip, ownMap } from "./gossip.ts";
import { Members, type Entry, type Gone, type Member } from "./members.ts";
import { graceMs, type PresenceLink } from "./presence-link.ts";
import { Roll, type PushFrame } from "./roll.ts";

/** Who enters, and with what. */
export interface Entering {
  readonly x: string;
  /** Raised by the client with every enter and update; an older one is ignored. */
  readonly ver: number;
  /** Whom the session counts as; sessions with one key are one member. */
  readonly key: string;
  readonly userId: string | undefined;
  readonly data: unknown;
}

/** Keys of the JSON text of a member, about. */
const memberKeysBytes = 32;

export class Presence {
  readonly #channel: { readonly name: string; readonly alias: number };
  readonly #link: PresenceLink;
  readonly #members: Members;
  readonly #roll: Roll;
  readonly #graces = new Map<string, Disposable>();
  /** This node hosts nobody here any more: nothing of presence keeps the channel. */
  whenEmpty: () => void = () => undefined;
  /** Made when the channel is first asked for its members, or has one. */
  #gossip: Gossip | undefined;
  /** What the other nodes are still to be told. */
  readonly #added = new Set<string>();
  readonly #removed = new Set<string>();
  #gone: Gone[] = [];
  #telling: Disposable | undefined;
  /** Newcomers on this node: those who wait for the other nodes' answers. */
  #waiting: (() => void)[] = [];
  #quiet: Disposable | undefined;
  #late: Disposable | undefined;

  constructor(channel: { readonly name: string; readonly alias: number }, link: PresenceLink, push: PushFrame) {
    this.#channel = channel;
    this.#link = link;
    this.#members = new Members((key) => this.#roll.changed(key));
    this.#roll = new Roll(channel.alias, link.env, this.#members, push);
  }

  /** Sessions this node hosts. */
  get hostedCount(): number {
    return this.#members.of(ownMap).size;
  }

  /** Members on all nodes, as far as they are known. */
  get count(): number {
    return this.#members.count;
  }

  all(): readonly Member[] {
    return this.#members.all();
  }

  /** Members in the order of their keys, those behind `after`: up to `limit`, and as many as are listed in bytes. */
  page(after: string | undefined, limit: number): { readonly list: readonly Member[]; readonly isMore: boolean } {
    const keys = this.#members.keysAfter(after);
    const list: Member[] = [];
    let bytes = 0;
    for (const key of keys) {
      bytes += this.#members.bytesOf(key);
      const isFull = list.length >= limit || (list.length > 0 && bytes > this.#link.env.limits.presenceListBytes);
      if (isFull) return { list, isMore: true };
      list.push(this.#members.get(key) as Member);
    }
    return { list, isMore: false };
  }

  /** Whether a session can enter: it is in already, or there is room. */
  hasRoomFor(x: string): boolean {
    return this.#members.session(x) !== undefined || this.count < this.#link.env.limits.presenceMembersMax;
  }

  /** Somebody wants to know who is here: the other nodes are asked, unless they were. */
  open(): void {
    if (this.#gossip !== undefined) return;
    this.#gossip = new Gossip(this.#channel.name, this.#link, this.#members, {
      leftHere: (x, ver) => {
        const own = this.#members.of(ownMap).get(x);
        if (own !== undefined && own.ver <= ver) this.#remove(x);
      },
      enteredElsewhere: (x) => {
        if (!this.#graces.has(x)) this.leaveAfterGrace(x);
      },
      heard: () => this.#heard(),
    });
    void this.#gossip.open();
    if (this.#link.isUp && this.#link.others.length === 0) this.#ready();
  }

  /** Resolves when the other nodes have told who they host. @throws {EngineError} `unreachable` after `withinMs` */
  ready(withinMs: number): Promise<void> {
    this.open();
    if (this.#roll.isOpen) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const late = this.#link.env.clock.after(withinMs, () =>
        reject(new EngineError("unreachable", `${this.#channel.name}: the other nodes cannot be asked who is there`)),
      );
      this.#waiting.push(() => {
        late[Symbol.dispose]();
        resolve();
      });
    });
  }

  /** Adds or updates a session and ends its grace. False when a newer word of it is known. */
  enter({ x, ver, key, userId, data }: Entering): boolean {
    this.open();
    const known = this.#members.session(x);
    if (ver <= this.#members.goneVersion(x) || (known !== undefined && known.ver > ver)) return false;
    this.#endGrace(x);
    const text = JSON.stringify(data) ?? "";
    // Who only comes back does not speak for the whole member because of it.
    const isSame = known !== undefined && known.key === key && (JSON.stringify(known.d) ?? "") === text;
    const entry: Entry = {
      ...{ x, ver, key },
      ...(userId === undefined ? {} : { u: userId }),
      ...(data === undefined ? {} : { d: data }),
      at: isSame ? known.at : this.#link.env.clock.wallMs(),
      bytes: text.length + key.length + (userId?.length ?? 0) + memberKeysBytes,
    };
    this.#members.set(ownMap, entry);
    this.#added.add(x);
    this.#removed.delete(x);
    this.#tellLater();
    return true;
  }

  /** Removes a session at once, from every node. @param ver  of its word; that of its entry if absent */
  leave(x: string, ver?: number): void {
    const own = this.#members.of(ownMap).get(x);
    const version = Math.max(ver ?? 0, own?.ver ?? 0);
    if (version === 0) return;
    this.open();
    const gone = [x, version] as const;
    this.#gossip?.left(gone);
    this.#gone.push(gone);
    if (own !== undefined) this.#remove(x);
    this.#tellLater();
  }

  /** The session's connection is gone: it leaves unless it enters again within the grace, here or elsewhere. */
  leaveAfterGrace(x: string): void {
    if (!this.#members.of(ownMap).has(x)) return;
    this.#endGrace(x);
    const over = (): void => {
      const waiting = this.#link.whenCertain(() => this.#remove(x));
      if (waiting !== undefined) this.#graces.set(x, waiting);
    };
    this.#graces.set(x, this.#link.env.clock.after(graceMs, over));
  }

  /** Everything, for one who was told nothing yet; undefined while too little is known: then it comes by itself. */
  full(codec: Codec): Frame | undefined {
    const wasOpen = this.#roll.isOpen;
    this.open();
    return wasOpen ? this.#roll.full(codec) : undefined; // what opens tells everybody, this one too
  }

  [Symbol.dispose](): void {
    if (this.#telling !== undefined) this.#tell();
    this.#gossip?.[Symbol.dispose]();
    this.#roll[Symbol.dispose]();
    this.#quiet?.[Symbol.dispose]();
    this.#late?.[Symbol.dispose]();
    for (const grace of this.#graces.values()) grace[Symbol.dispose]();
    this.#graces.clear();
  }

  /** This node does not host the session any more; another one may. */
  #remove(x: string): void {
    this.#endGrace(x);
    this.#members.delete(ownMap, x);
    this.#added.delete(x);
    this.#removed.add(x);
    this.#tellLater();
    if (this.hostedCount === 0) this.whenEmpty();
  }

  #tellLater(): void {
    const { clock, limits } = this.#link.env;
    this.#telling ??= clock.after(limits.presenceGatherMs, () => this.#tell());
  }

  #tell(): void {
    this.#telling?.[Symbol.dispose]();
    this.#telling = undefined;
    const own = this.#members.of(ownMap);
    const add = [...this.#added].flatMap((x) => own.get(x) ?? []);
    this.#gossip?.tell(add, [...this.#removed], this.#gone);
    this.#added.clear();
    this.#removed.clear();
    this.#gone = [];
  }

  /** The others answer: nothing is told before they are done, or have had their time. */
  #heard(): void {
    if (this.#roll.isOpen) return;
    const { clock, limits } = this.#link.env;
    this.#quiet?.[Symbol.dispose]();
    this.#quiet = clock.after(limits.presenceQuietMs, () => this.#ready());
    this.#late ??= clock.after(limits.presenceReadyMs, () => this.#ready());
  }

  #ready(): void {
    this.#quiet?.[Symbol.dispose]();
    this.#late?.[Symbol.dispose]();
    this.#late = undefined;
    if (!this.#link.isUp) return; // asked again when it is up
    this.#roll.open();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  #endGrace(x: string): void {
    this.#graces.get(x)?.[Symbol.dispose]();
    this.#graces.delete(x);
  }
}
