// One client on one connection: greeting, then frames in and answers out, until either side ends it. What the frames do
// stands in commands/; what may be sent stands in outgoing.ts.

import { base64urlEncode, messageOf } from "@heddle/base";
import {
  closeCodes,
  closeTooBig,
  errorCodes,
  parseClientFrame,
  wireLimits,
  type ClientFrame,
  type CloseKey,
  type ErrFrame,
  type ErrorKey,
  type HelloFrame,
  type OkFrame,
  type ParsedFrame,
} from "@heddle/protocol";
import { controlFrame, frameOf } from "../channel/frames.ts";
import { asHubError } from "../channel/publisher.ts";
import type { Move } from "../nodes/move.ts";
import type { Actor, Action, ChannelPolicy, ConnectionPort, Identity, Peer, PollingSink } from "../ports/index.ts";
import type { Beating } from "./heartbeat.ts";
import { FrameRates } from "./frame-rates.ts";
import { Held } from "./held.ts";
import { InOrder } from "./in-order.ts";
import { inTime } from "./in-time.ts";
import { Memberships } from "./memberships.ts";
import type { Node } from "./node.ts";
import { Outgoing } from "./outgoing.ts";
import type { Pieces } from "./pieces.ts";
import { Requests } from "./requests.ts";
import { sessionTransitions, type SessionState, type SessionTrigger } from "./states.ts";
import { Subscriptions, type Subscription } from "./subscriptions.ts";
import { TokenLife, type TokenLifeOwner } from "./token-life.ts";
import { welcomeFrame } from "./welcome.ts";

/** Where a session belongs, and what its frames do. */
export interface SessionHost {
  readonly node: Node;
  opened(session: Session): void;
  ended(session: Session): void;
  greet(session: Session, hello: HelloFrame): Promise<void>;
  /** @param cost  the frame's size */
  run(session: Session, frame: Exclude<ClientFrame, HelloFrame>, cost: number): void;
}

/** Details of an error answer besides its code. */
export type ErrorDetails = Omit<ErrFrame, "t" | "r" | "code" | "name">;

const resumeSecretBytes = 16;
/** A client that keeps to the contract is not answered these: what it asks for is wrong, whoever asks. */
const wrong: ReadonlySet<ErrorKey> = new Set<ErrorKey>(["badRequest", "unknownName", "tooLarge", "refused"]);
/** Who floods may come back after this. Milliseconds. */
const floodAfterMs = 5_000;

export class Session implements PollingSink, Beating, TokenLifeOwner {
  readonly host: SessionHost;
  readonly node: Node;
  readonly peer: Peer;
  readonly id: string;
  /** Names this connection to the client's next one. Never logged. */
  readonly resumeSecret: string;
  readonly outgoing: Outgoing;
  readonly subscriptions: Subscriptions;
  readonly requests = new Requests();
  readonly memberships: Memberships;
  /** Appends of one channel happen in the order their publishes arrived. */
  readonly publishOrder = new InOrder();
  /** The latest accepted publish of each channel and producer; absent where the engine knows producers. */
  acceptedPublishes: Map<string, number> | undefined;
  /** Pages of history are read and sent one at a time. */
  readonly pages = new InOrder();
  /** Fresh tokens are checked one at a time: the last one presented is the one in force. */
  readonly renewals = new InOrder();
  renewalCount = 0;
  /** Its client came from another node. */
  move: Move | undefined;
  /** The frame that comes in pieces; absent before the first. */
  pieces: Pieces | undefined;
  lastHeardMs: number;
  /** Raised whenever the rights of this session may have changed. */
  authVersion = 0;
  #state: SessionState = "greeting";
  #actor: Actor | undefined;
  #owner = "";
  /** Since `welcome`, when it is known whose it is. */
  #rates: FrameRates | undefined;
  /** Until `welcome`. */
  #held: Held | undefined;
  #deadline: Disposable;

  constructor(host: SessionHost, port: ConnectionPort, peer: Peer, id: string) {
    const { node } = host;
    this.host = host;
    this.node = node;
    this.peer = peer;
    this.id = id;
    this.resumeSecret = `${node.name}.${base64urlEncode(node.random.bytes(resumeSecretBytes))}`;
    this.lastHeardMs = node.clock.monotonicMs();
    this.subscriptions = new Subscriptions();
    this.outgoing = new Outgoing(port, node, this.subscriptions, (why) => this.bye("slow", why, { after: 5_000 }));
    this.memberships = new Memberships(node.limits);
    this.#deadline = node.clock.after(wireLimits.helloMs, () =>
      this.bye("silent", `no hello within ${wireLimits.helloMs} ms`),
    );
  }

  get state(): SessionState {
    return this.#state;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Who this is. @throws before `hello` was accepted: a bug of the caller */
  get actor(): Actor {
    if (this.#actor === undefined) throw new Error(`${this.id}: nobody has said hello`);
    return this.#actor;
  }

  /** The user id, or the anonymous identity: whom tickets and producer ids are bound to. */
  get owner(): string {
    return this.#owner;
  }

  receive(message: string | Uint8Array): void {
    if (this.#state === "closed") return;
    this.lastHeardMs = this.node.clock.monotonicMs();
    let decoded;
    try {
      decoded = this.outgoing.codec.decode(message);
    } catch (error) {
      return this.bye("malformed", `unparsable frame: ${messageOf(error).slice(0, 80)}`);
    }
    for (const { value, cost } of decoded) {
      if (this.state === "closed") return;
      this.#frame(parseClientFrame(value, cost), cost);
    }
  }

  closed(code: number, _why: string): void {
    // 1000 and 1001 are a client that leaves on purpose; anything else may come back.
    this.#end(code === 1000 || code === 1001);
  }

  /** Sends `bye` and closes with its code; the close frame repeats it for clients that missed the frame. */
  bye(key: CloseKey, why: string, extra: { readonly after?: number; readonly to?: string } = {}): void {
    if (this.#state === "closed") return;
    const { code } = closeCodes[key];
    this.#end(false);
    const { port, codec } = this.outgoing;
    port.send(controlFrame(codec, { t: "bye", code, why, ...extra }));
    port.close(code, why);
  }

  ok(r: number, extra: Omit<OkFrame, "t" | "r"> = {}): void {
    if (this.isOpen) this.outgoing.send(controlFrame(this.outgoing.codec, { t: "ok", r, ...extra }));
  }

  /** `ok` with a result that is JSON text already. */
  okJson(r: number, json: string | undefined): void {
    if (json === undefined) return this.ok(r);
    if (this.isOpen)
      this.outgoing.send(frameOf(this.outgoing.codec.encode({ t: "ok", r }, { key: "d", json }), "control", 0));
  }

  refuse(r: number | undefined, key: ErrorKey, details: ErrorDetails = {}): void {
    this.node.counters.errors++;
    if (wrong.has(key)) this.#rates?.payForWrong();
    if (r === undefined || !this.isOpen) return;
    const { code, name } = errorCodes[key];
    this.outgoing.send(controlFrame(this.outgoing.codec, { t: "err", r, code, name, ...details }));
  }

  /** Answers with what a thrown error means. Internal texts stay here. */
  refuseThrown(r: number | undefined, error: unknown): void {
    const { code, message, retryable, issues } = asHubError(error);
    this.refuse(r, code, { why: message, ...(retryable ? { ms: 500 } : {}), ...(issues ? { issues } : {}) });
  }

  /**
   * Whether this session may do all of this. Asks again when its rights changed meanwhile.
   *
   * @throws whatever the application's hook throws
   */
  async may(policy: ChannelPolicy, actions: readonly Action[]): Promise<boolean> {
    for (;;) {
      const version = this.authVersion;
      let isAllowed = true;
      for (const action of actions)
        isAllowed &&= await inTime(this, "authorize", (stop) => policy.authorize(action, this.actor, stop));
      if (version === this.authVersion) return isAllowed;
    }
  }

  /** `hello` was accepted: `welcome` goes out, then what was held is carried out. */
  welcomed(identity: Identity, owner: string, x: string, hello: HelloFrame, anonymousTicket: string | undefined): void {
    const { node } = this;
    this.#go("welcomed");
    this.#owner = owner;
    this.#actor = this.#actorOf(identity, x);
    this.host.opened(this);
    node.counters.sessions++;
    node.heartbeat.add(this);
    this.#rates = new FrameRates(node, owner);
    this.#rates.pay(0, hello.subs?.length ?? 0);
    this.#expireLater();
    this.outgoing.send(controlFrame(this.outgoing.codec, welcomeFrame(this, hello, anonymousTicket)));
    this.outgoing.open(hello.w);
  }

  /** Carries out what came before `welcome`. */
  releaseHeld(): void {
    const frames = this.#held?.frames ?? [];
    this.#held = undefined;
    for (const { parsed, cost } of frames) if (this.isOpen) this.#command(parsed, cost);
  }

  /** The same user with other claims or another expiry. */
  renewed(identity: Identity): void {
    this.#actor = this.#actorOf(identity, this.actor.x);
    this.authVersion++;
    this.#expireLater();
  }

  /** Ends one subscription from the server's side. `ms`: the client may subscribe again after this. */
  endSubscription(subscription: Subscription, key: ErrorKey, why: string, ms?: number): void {
    const { channel } = subscription;
    this.subscriptions.remove(subscription);
    this.node.channels.settle(channel);
    const again = ms === undefined ? {} : { ms };
    const frame = { t: "unsubd", c: channel.alias, code: errorCodes[key].code, why, ...again } as const;
    this.outgoing.send(controlFrame(this.outgoing.codec, frame));
  }

  get isCatchingUp(): boolean {
    return this.subscriptions.isCatchingUp;
  }

  tellPositions(): void {
    const { codec } = this.outgoing;
    for (const frame of this.subscriptions.positions()) this.outgoing.send(controlFrame(codec, frame));
  }

  /** Whether parts of this request are waited for. */
  takesParts(r: number | string): boolean {
    return typeof r === "number"
      ? this.requests.inbound(r) !== undefined
      : this.node.asks.inbound(this, r) !== undefined;
  }

  /** How long a client should wait before it sends more than it was asked for now. Milliseconds. */
  get rateWaitMs(): number {
    return this.#rates?.waitMs ?? 0;
  }

  ping(): void {
    // Who cannot answer is not dead for it: there the transport notices.
    if (!this.outgoing.port.windowed) this.lastHeardMs = this.node.clock.monotonicMs();
    this.outgoing.send(controlFrame(this.outgoing.codec, { t: "ping" }));
  }

  silent(): void {
    this.bye("silent", "two pings were not answered");
  }

  tokenEndsSoon(expiresAtMs: number): void {
    const exp = Math.floor(expiresAtMs / 1_000);
    this.outgoing.send(controlFrame(this.outgoing.codec, { t: "reauth", exp, why: "the token ends soon" }));
  }

  tokenOver(): void {
    this.bye("tokenExpired", "the token has expired");
  }

  #frame(parsed: ParsedFrame, cost: number): void {
    const isHello = parsed.is === "frame" && parsed.frame.t === "hello";
    const costMax = isHello ? wireLimits.helloBytes : wireLimits.frameBytes;
    if (cost > wireLimits.frameBytes * wireLimits.oversizeFactor) return this.#tooBig(cost);
    if (this.#state === "greeting") {
      if (!isHello) return this.bye("malformed", "the first frame is hello");
      if (cost > costMax) return this.bye("malformed", `hello has ${cost} bytes, at most ${costMax} are taken`);
      this.#go("hello");
      return void this.host.greet(this, parsed.frame as HelloFrame);
    }
    if (isHello) return this.bye("malformed", "a second hello");
    // One over the limit is more than may be held, too.
    if (this.#state === "authenticating") return this.#hold(parsed, cost);
    if (cost > costMax && parsed.is !== "critical") return this.#refuseOversize(parsed, cost);
    this.#command(parsed, cost);
  }

  #command(parsed: ParsedFrame, cost: number): void {
    if (!this.#isAdmitted(parsed, cost)) return;
    switch (parsed.is) {
      case "frame":
        return this.host.run(this, parsed.frame as Exclude<ClientFrame, HelloFrame>, cost);
      case "bad":
        if (parsed.r === undefined) return this.bye("malformed", parsed.why);
        return this.refuse(parsed.r, "badRequest", { why: parsed.why });
      case "critical":
        return this.bye("noCommonVersion", `frame ${parsed.type.slice(0, 40)} is critical and not known here`);
      case "ignored":
        return;
    }
  }

  /** Whether the frame is within what this client may ask for; answers it when not. */
  #isAdmitted(parsed: ParsedFrame, cost: number): boolean {
    const { counters } = this.node;
    const isAwaited = parsed.is === "frame" && this.#isAwaited(parsed.frame);
    const admitted = this.#rates?.admit(parsed, cost, isAwaited);
    if (admitted === undefined || admitted.is === "ok") return true;
    if (admitted.is === "flood") {
      counters.floods++;
      this.node.userRates.flooded(this.owner, floodAfterMs, this.node.clock.monotonicMs());
      this.bye("rateLimited", "far more than is taken, and it was told", { after: floodAfterMs });
      return false;
    }
    counters.rateRefusals++;
    this.refuse(requestNumberOf(parsed), "rateLimited", { why: "more than is taken", ms: admitted.ms });
    return false;
  }

  /** Whether the frame goes on with what was begun. */
  #isAwaited(frame: ClientFrame): boolean {
    if (frame.t === "part") return this.takesParts(frame.r);
    return frame.t === "piece" && this.pieces?.awaits(frame) === true;
  }

  #hold(parsed: ParsedFrame, cost: number): void {
    if ((this.#held ??= new Held()).add(parsed, cost)) return;
    const { heldFrameCount, heldFrameBytes } = wireLimits;
    this.bye("malformed", `more than ${heldFrameCount} frames or ${heldFrameBytes} bytes before welcome`);
  }

  #refuseOversize(parsed: ParsedFrame, cost: number): void {
    this.#rates?.pay(cost);
    this.refuse(requestNumberOf(parsed), "tooLarge", {
      why: `the frame has ${cost} bytes, at most ${wireLimits.frameBytes} are taken`,
    });
  }

  #tooBig(cost: number): void {
    this.#end(false);
    this.outgoing.port.close(closeTooBig, `a frame of ${cost} bytes`);
  }

  /** Its keys are written out: a spread makes an object of a shape of its own, 400 bytes per connection. */
  #actorOf({ userId, claims, expiresAtMs }: Identity, x: string): Actor {
    return { userId, claims, expiresAtMs, connectionId: this.id, x };
  }

  /** Asks for a fresh token in good time, and ends the session a little past the end of this one. */
  #expireLater(): void {
    this.#deadline[Symbol.dispose]();
    const { expiresAtMs } = this.actor;
    if (expiresAtMs === undefined) return;
    this.#deadline = new TokenLife(this.node.clock, expiresAtMs, this);
  }

  #end(isDeliberate: boolean): void {
    if (this.#state === "closed") return;
    this.#go("close");
    const { node } = this;
    this.#rates?.[Symbol.dispose]();
    this.#deadline[Symbol.dispose]();
    this.outgoing[Symbol.dispose]();
    node.heartbeat.remove(this);
    this.host.ended(this);
    // A poll that has brought a question is answered by a POST of frames.
    if (this.peer.transport !== "poll") node.asks.sessionEnded(this);
    this.pieces?.drop();
    this.requests.stopAll("the connection ended");
    for (const subscription of this.subscriptions.all()) {
      this.subscriptions.remove(subscription);
      node.channels.settle(subscription.channel);
    }
    this.memberships.sessionEnded(this.#actor?.x, isDeliberate);
  }

  #go(trigger: SessionTrigger): void {
    const next = sessionTransitions[this.#state][trigger];
    if (next === undefined) throw new Error(`${this.id}: ${trigger} in state ${this.#state}`);
    this.#state = next;
  }
}

const requestNumberOf = (parsed: ParsedFrame): number | undefined => {
  const r = parsed.is === "frame" && "r" in parsed.frame ? parsed.frame.r : parsed.is === "bad" ? parsed.r : undefined;
  return typeof r === "number" ? r : undefined;
};
