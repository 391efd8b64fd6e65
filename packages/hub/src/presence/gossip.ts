// How the maps of a channel's members come from node to node: each node numbers its changes, whoever misses one asks for
// the whole map, and digests tell that one was missed. A node's map ends with the node.

import type { NodeId } from "../ports/index.ts";
import type { Entry, Gone, Members } from "./members.ts";
import {
  decodeTold,
  encodeMessage,
  piecesOf,
  presenceTopic,
  type Told,
  type ToldToOne,
  type Version,
} from "./message.ts";
import { graceMs, subscribed, type LinkedChannel, type PresenceEnv, type PresenceLink } from "./presence-link.ts";

/** What this node itself says stands in `Members` under this name. */
export const ownMap = "";

/** Text of one message between nodes. Bytes. */
const pieceBytes = 65_536;
/** Changes that came before the map they belong to, kept to be applied to it. */
const earlyMax = 64;
/** A map that was asked for and did not come is asked for again, so often. */
const wantMs = 1_000;
const wantsMax = 5;
/** A node that holds the channel says so at every digest; one that missed some is asked. */
const silentDigests = 2.5;

type Diff = Extract<Told, { is: "diff" }>;
type MapPiece = Extract<ToldToOne, { is: "map" }>;

/** What is known of another node's map. */
interface Remote {
  readonly node: NodeId;
  readonly inc: string;
  /** Its name in `Members`. */
  readonly map: string;
  /** −1: nothing yet. */
  v: number;
  heardMs: number;
  early: Diff[];
  pieces: MapPiece[];
  wanting: Disposable | undefined;
  wantCount: number;
}

export class Gossip implements LinkedChannel {
  readonly name: string;
  readonly #env: PresenceEnv;
  readonly #link: PresenceLink;
  readonly #members: Members;
  readonly #inc: string;
  readonly #leftHere: (x: string, ver: number) => void;
  readonly #enteredElsewhere: (x: string) => void;
  readonly #heard: () => void;
  readonly #remotes = new Map<NodeId, Remote>();
  /** Maps of objects that are no more, while their members may enter elsewhere. */
  readonly #ending = new Map<string, Disposable>();
  #gone: { readonly gone: Gone; readonly untilMs: number }[] = [];
  #sweeping: Disposable | undefined;
  #v = 0;
  #stop: (() => void) | undefined;
  #digesting: Disposable | undefined;
  #isDisposed = false;

  /**
   * @param on.leftHere          a session this node hosts left by its word to another node
   * @param on.enteredElsewhere  a session this node hosts is with another node now
   * @param on.heard             another node's map came, or the way to the others is new
   */
  constructor(
    name: string,
    link: PresenceLink,
    members: Members,
    on: { leftHere(x: string, ver: number): void; enteredElsewhere(x: string): void; heard(): void },
  ) {
    this.name = name;
    this.#link = link;
    this.#env = link.env;
    this.#members = members;
    this.#inc = this.#env.random.u32().toString(36);
    this.#leftHere = (x, ver) => on.leftHere(x, ver);
    this.#enteredElsewhere = (x) => on.enteredElsewhere(x);
    this.#heard = () => on.heard();
  }

  /** Listens, then asks what the others have. */
  async open(): Promise<void> {
    this.#digestLater();
    await this.#link.join(this);
    const receive = (body: Uint8Array, from: NodeId): void => {
      if (from !== this.#link.self) this.#told(decodeTold(body), from);
    };
    const stop = await subscribed(this.#env, presenceTopic(this.name), receive, () => !this.#isDisposed);
    if (this.#isDisposed) return stop?.();
    this.#stop = stop;
    this.linked();
  }

  /** Tells the others what changed here, and is in `Members` already. */
  tell(add: readonly Entry[], del: readonly string[], gone: readonly Gone[]): void {
    for (const [index, piece] of piecesOf(add, pieceBytes).entries()) {
      const others = index === 0 ? { del, gone } : { del: [], gone: [] };
      this.#say({ is: "diff", inc: this.#inc, from: this.#v, to: ++this.#v, add: piece, ...others });
    }
  }

  /** The session left by its own word: older entries of it do not count, as long as somebody may have one. */
  left(gone: Gone): void {
    const { clock, limits } = this.#env;
    this.#members.leave(...gone);
    this.#gone.push({ gone, untilMs: clock.monotonicMs() + limits.presenceLeaseMs });
    if (this.#gone.length > limits.presenceMembersMax) this.#forgetUntil(this.#gone[0]?.untilMs ?? 0);
    this.#sweeping ??= clock.after(limits.presenceLeaseMs, () => this.#sweep());
  }

  linked(): void {
    if (this.#stop === undefined || !this.#link.isUp) return;
    const ask = Object.fromEntries([...this.#remotes].map(([node, { inc, v }]) => [node, [inc, v] as const]));
    this.#say({ is: "digest", at: this.#at, ask });
    this.#heard();
  }

  toldToOne(message: MapPiece, from: NodeId): void {
    const [inc, v] = message.at;
    let remote = this.#remotes.get(from);
    if (inc === "") return remote && this.#end(remote);
    if (remote?.inc !== inc) remote = this.#fresh(from, inc, -1);
    remote.heardMs = this.#nowMs;
    if (remote.pieces[0]?.at[1] !== v) remote.pieces = [];
    remote.pieces.push(message);
    if (message.isLast) this.#install(remote, v);
    this.#heard();
  }

  sendMap(to: NodeId): void {
    const entries = this.#members.of(ownMap).values();
    const pieces = piecesOf(entries, pieceBytes);
    for (const [index, add] of pieces.entries()) {
      const gone = index === 0 ? this.#gone.map((kept) => kept.gone) : [];
      const isLast = index === pieces.length - 1;
      this.#link.tell(to, { is: "map", ch: this.name, at: this.#at, isLast, add, gone });
    }
  }

  nodesLeft(left: readonly NodeId[]): void {
    for (const node of left) {
      const remote = this.#remotes.get(node);
      if (remote !== undefined) this.#drop(remote);
    }
  }

  thawed(alive: readonly NodeId[]): void {
    this.nodesLeft([...this.#remotes.keys()].filter((node) => !alive.includes(node)));
  }

  [Symbol.dispose](): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    if (this.#v > 0) this.#say({ is: "bye", inc: this.#inc });
    this.#link.leave(this);
    this.#stop?.();
    this.#digesting?.[Symbol.dispose]();
    this.#sweeping?.[Symbol.dispose]();
    for (const remote of this.#remotes.values()) remote.wanting?.[Symbol.dispose]();
    for (const ending of this.#ending.values()) ending[Symbol.dispose]();
  }

  get #at(): Version {
    return [this.#inc, this.#v];
  }

  get #nowMs(): number {
    return this.#env.clock.monotonicMs();
  }

  #say(message: Told): void {
    this.#env.engine.bus.publish(presenceTopic(this.name), encodeMessage(message));
  }

  #told(message: Told, from: NodeId): void {
    switch (message.is) {
      case "diff":
        return this.#diff(message, from);
      case "digest":
        return this.#digest(message, from);
      case "bye": {
        const remote = this.#remotes.get(from);
        if (remote?.inc === message.inc) this.#end(remote);
      }
    }
  }

  #diff(diff: Diff, from: NodeId): void {
    let remote = this.#remotes.get(from);
    if (remote?.inc !== diff.inc) remote = this.#fresh(from, diff.inc, diff.from === 0 ? 0 : -1);
    remote.heardMs = this.#nowMs;
    if (diff.to <= remote.v) return;
    if (diff.from === remote.v) {
      this.#apply(remote, diff);
      return this.#catchUp(remote);
    }
    if (remote.early.length >= earlyMax) remote.early = [];
    remote.early.push(diff);
    this.#want(remote);
  }

  #apply(remote: Remote, { to, add, del, gone }: Diff): void {
    remote.v = to;
    for (const entry of add) this.#set(remote, entry);
    for (const word of gone) this.#leftElsewhere(word);
    for (const x of del) this.#members.delete(remote.map, x);
  }

  /** What came too early follows now, or more is missing. */
  #catchUp(remote: Remote): void {
    const early = remote.early.filter(({ to }) => to > remote.v);
    remote.early = [];
    for (const diff of early) {
      if (diff.from === remote.v) this.#apply(remote, diff);
      else remote.early.push(diff);
    }
    if (remote.early.length > 0) this.#want(remote);
  }

  #digest({ at, ask }: Extract<Told, { is: "digest" }>, from: NodeId): void {
    const [inc, v] = at;
    const known = ask?.[this.#link.self];
    if (ask !== undefined && this.#v > 0 && !(known?.[0] === this.#inc && known[1] === this.#v)) this.sendMap(from);
    let remote = this.#remotes.get(from);
    if (remote?.inc !== inc) {
      if (v === 0 && remote === undefined) return;
      remote = this.#fresh(from, inc, v === 0 ? 0 : -1);
    }
    remote.heardMs = this.#nowMs;
    if (remote.v < v) this.#want(remote);
  }

  /** Another object writes the node's map. What the one before said ends as if it had said so. */
  #fresh(node: NodeId, inc: string, v: number): Remote {
    const before = this.#remotes.get(node);
    if (before !== undefined) this.#end(before);
    const remote: Remote = {
      ...{ node, inc, map: `${node}/${inc}`, v, heardMs: this.#nowMs },
      ...{ early: [], pieces: [], wanting: undefined, wantCount: 0 },
    };
    this.#remotes.set(node, remote);
    return remote;
  }

  #install(remote: Remote, v: number): void {
    const { pieces, map } = remote;
    remote.pieces = [];
    remote.wanting?.[Symbol.dispose]();
    remote.wanting = undefined;
    remote.wantCount = 0;
    if (v < remote.v) return;
    remote.v = v;
    const gone = new Set(this.#members.of(map).keys());
    for (const { add } of pieces) {
      for (const entry of add) {
        gone.delete(entry.x);
        this.#set(remote, entry);
      }
    }
    for (const piece of pieces) for (const word of piece.gone) this.#leftElsewhere(word);
    for (const x of gone) this.#members.delete(map, x);
    this.#catchUp(remote);
  }

  #set(remote: Remote, entry: Entry): void {
    this.#members.set(remote.map, entry);
    const own = this.#members.of(ownMap).get(entry.x);
    if (own !== undefined && own.ver < entry.ver) this.#enteredElsewhere(entry.x);
  }

  #leftElsewhere(gone: Gone): void {
    const [x, ver] = gone;
    if (ver <= this.#members.goneVersion(x)) return;
    this.left(gone);
    this.#leftHere(x, ver);
  }

  #want(remote: Remote): void {
    if (remote.wanting !== undefined) return;
    this.#link.tell(remote.node, { is: "want", ch: this.name });
    remote.wanting = this.#env.clock.after(wantMs, () => {
      remote.wanting = undefined;
      if (this.#remotes.get(remote.node) === remote && ++remote.wantCount < wantsMax) this.#want(remote);
      else remote.wantCount = 0; // the next digest asks again
    });
  }

  /** The map is not written any more; its members stay while they may be about to enter elsewhere. */
  #end(remote: Remote): void {
    this.#forget(remote);
    if (this.#members.of(remote.map).size === 0) return this.#members.drop(remote.map);
    const { map } = remote;
    const drop = (): void => {
      this.#ending.delete(map);
      this.#members.drop(map);
    };
    const over = (): void => {
      const waiting = this.#link.whenCertain(drop);
      if (waiting !== undefined) this.#ending.set(map, waiting);
    };
    this.#ending.set(map, this.#env.clock.after(graceMs, over));
  }

  #drop(remote: Remote): void {
    this.#forget(remote);
    this.#members.drop(remote.map);
  }

  #forget(remote: Remote): void {
    remote.wanting?.[Symbol.dispose]();
    if (this.#remotes.get(remote.node) === remote) this.#remotes.delete(remote.node);
  }

  #digestLater(): void {
    const { clock, random, limits } = this.#env;
    this.#digesting = clock.after(limits.presenceDigestMs * (0.9 + random.float() * 0.2), () => {
      if (this.#v > 0) this.#say({ is: "digest", at: this.#at });
      const silentSinceMs = this.#nowMs - silentDigests * limits.presenceDigestMs;
      for (const remote of this.#remotes.values()) if (remote.heardMs < silentSinceMs) this.#want(remote);
      this.#dropDead();
      this.#digestLater();
    });
  }

  /** What a dead node said may arrive after the word of its end. */
  #dropDead(): void {
    const { others } = this.#link;
    const silentSinceMs = this.#nowMs - this.#env.limits.presenceLeaseMs;
    for (const remote of [...this.#remotes.values()]) {
      if (others.includes(remote.node) || remote.heardMs > silentSinceMs) continue;
      this.#link.whenCertain(() => {
        if (this.#remotes.get(remote.node) === remote && !this.#link.others.includes(remote.node)) this.#drop(remote);
      });
    }
  }

  #sweep(): void {
    this.#forgetUntil(this.#nowMs);
    const [next] = this.#gone;
    this.#sweeping = next && this.#env.clock.after(next.untilMs - this.#nowMs, () => this.#sweep());
  }

  #forgetUntil(ms: number): void {
    const over = this.#gone.findIndex(({ untilMs }) => untilMs > ms);
    for (const { gone } of this.#gone.splice(0, over < 0 ? this.#gone.length : over)) this.#members.forgetLeave(gone);
  }
}
