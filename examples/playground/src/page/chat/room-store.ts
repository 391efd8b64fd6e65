// One room as this page follows it: the timeline, who is here, who types, and where one's own messages are.

import { HeddleError, type Meta } from "@heddle/client";
import type { Gap } from "@heddle/protocol";
import { effect, signal } from "@preact/signals";
import type { Connection, PlaygroundClient } from "../connection.ts";
import type { Seat } from "../door.ts";
import {
  dividerOf,
  lineOf,
  saidIn,
  type DeliveryState,
  type Divider,
  type Item,
  type Line,
  type Said,
} from "./lines.ts";
import { Typing } from "./typing.ts";

export interface Person {
  readonly user: string;
  readonly name: string;
  readonly isBot: boolean;
  readonly isMe: boolean;
}

/** Entries a room opens with, and a page of the past. */
const pageCount = 40;
/** Items kept on the page; the oldest go first and can be loaded again. */
const itemsMax = 800;
const itemsDropped = 200;

const openChannel = (client: PlaygroundClient, room: string) =>
  client.channel("room", { room }, { at: { last: pageCount }, presence: true });

export class RoomStore {
  readonly room: string;
  readonly channel: ReturnType<typeof openChannel>;
  readonly typing: Typing;
  readonly items = signal<readonly Item[]>([]);
  readonly people = signal<readonly Person[]>([]);
  readonly unreadCount = signal(0);
  /** Read aloud: the latest message of somebody else. */
  readonly announcement = signal("");
  /** Whether there is more of the past; undefined until that is known. */
  readonly hasEarlier = signal<boolean | undefined>(undefined);
  readonly isLoading = signal(false);
  /** Why the room cannot be followed, when the server said so. */
  readonly refusal = signal<string | undefined>(undefined);
  isInView = false;
  readonly #connection: Connection;
  readonly #seat: Seat;
  readonly #ends: (() => void)[] = [];
  #settled: Item[] = [];
  /** Own messages the stream has not brought back yet; they stand behind everything else. */
  #pending: Line[] = [];
  /** History before this position is not on the page. */
  #earliest: Meta["position"];
  #gapCount = 0;

  constructor(connection: Connection, seat: Seat, room: string) {
    this.room = room;
    this.#connection = connection;
    this.#seat = seat;
    this.people.value = [this.#me];
    const channel = (this.channel = openChannel(connection.client, room));
    this.typing = new Typing((on) => void channel.publish("typing", { on }, { volatile: true }));
    this.#ends.push(
      channel.on("message", (said, meta) => this.#arrived(lineOf(said, meta, seat.user), said)),
      channel.on("typing", ({ from, name, on }) => void (from !== seat.user && this.typing.heard(from, name, on))),
      channel.onGap((gap) => this.#gapped(gap)),
      channel.onStatus(({ state, why }) => {
        this.refusal.value = state === "ended" ? (why ?? "refused") : undefined;
      }),
      channel.presence.onChange(({ members }) => this.#peopleChanged([...members.values()])),
      effect(() => this.#lineChanged(connection.isOnline.value)),
    );
    void this.#begin();
  }

  /** Adds the message to the timeline and hands it to the client, which sees to it that it is stored once. */
  send(text: string): void {
    const ref = crypto.randomUUID().slice(0, 12);
    const { user, name } = this.#seat;
    const isOnline = this.#connection.isOnline.peek();
    this.typing.stopped();
    this.#pending.push({
      kind: "line",
      key: `mine-${ref}`,
      ...{ from: user, name, text, ref, position: undefined },
      atMs: Date.now(),
      isBot: false,
      isMine: true,
      delivery: isOnline ? "sending" : "queued",
    });
    this.#show();
    void this.#publish(text, ref);
  }

  /** Tries a failed message again, as a new one. */
  sendAgain({ key, text }: Line): void {
    this.#pending = this.#pending.filter((line) => line.key !== key);
    this.send(text);
  }

  async loadEarlier(): Promise<void> {
    const before = this.#earliest ?? this.channel.attachedAt;
    if (this.isLoading.value || this.hasEarlier.value !== true || before === undefined) return;
    this.isLoading.value = true;
    try {
      const { entries, position, more } = await this.channel.historyPage({ before, limit: pageCount });
      this.#settled.unshift(...saidIn(entries).map(({ said, meta }) => lineOf(said, meta, this.#seat.user)));
      this.#earliest = position;
      this.hasEarlier.value = more;
      this.#show();
    } catch (error) {
      // What was asked for is not kept any more; every other failure leaves the button there for another try.
      if (error instanceof HeddleError && error.code === 308) this.hasEarlier.value = false;
    } finally {
      this.isLoading.value = false;
    }
  }

  seen(): void {
    if (this.unreadCount.peek() > 0) this.unreadCount.value = 0;
  }

  close(): void {
    for (const end of this.#ends) end();
    this.channel.presence.leave().catch(() => undefined); // offline: the server notices by itself
  }

  async #begin(): Promise<void> {
    try {
      await this.channel.ready();
      const before = this.channel.attachedAt;
      if (before !== undefined) {
        const { entries } = await this.channel.historyPage({ before, limit: 1 });
        this.hasEarlier.value ??= entries.length > 0;
      }
    } catch {
      // Refused: told by its status. Gone before it began: the next page of history finds out.
      this.hasEarlier.value ??= false;
    }
    this.channel.presence.enter({ name: this.#seat.name, isBot: false }).catch(() => undefined); // refused: not listed, that is all
  }

  async #publish(text: string, ref: string): Promise<void> {
    try {
      const { position } = await this.channel.publish("message", { text, ref });
      this.#mark(ref, "stored", { position });
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      this.#mark(ref, "failed", { failure });
    }
  }

  /** The next line of the stream. One's own takes the place that waited for it. */
  #arrived(line: Line, { ref }: Said): void {
    const own = line.isMine && ref !== "" ? this.#pending.find((pending) => pending.ref === ref) : undefined;
    if (own === undefined) {
      this.#settled.push(line);
      if (!line.isMine) this.#heard(line);
    } else {
      this.#pending = this.#pending.filter((pending) => pending !== own);
      this.#settled.push({ ...line, key: own.key, ref, delivery: "seen" });
    }
    this.typing.heard(line.from, line.name, false);
    this.#show();
  }

  #heard(line: Line): void {
    if (this.isInView && document.visibilityState === "visible") this.announcement.value = `${line.name}: ${line.text}`;
    else this.unreadCount.value++;
  }

  #mark(ref: string, delivery: DeliveryState, more: Pick<Line, "position"> | { readonly failure: string }): void {
    this.#pending = this.#pending.map((line) => (line.ref === ref ? { ...line, delivery, ...more } : line));
    this.#show();
  }

  /** A hole in the stream: said where it is. A log that was lost may have begun anew before we were back: that is loaded. */
  async #gapped(gap: Gap): Promise<void> {
    this.#connection.noteGap(this.channel.name, gap);
    const key = `gap-${++this.#gapCount}`;
    const pendingCount = this.#pending.length;
    const show = (foundCount: number): void => {
      const divider: Divider = dividerOf(gap, key, foundCount, pendingCount);
      this.#settled = this.#settled.some((item) => item.key === key)
        ? this.#settled.map((item) => (item.key === key ? divider : item))
        : [...this.#settled, divider];
      this.#show();
    };
    show(0);
    if (gap.why !== "epoch") return;
    this.hasEarlier.value = false;
    try {
      const { entries } = await this.channel.historyPage({ before: gap.to, limit: pageCount });
      for (const { said, meta } of saidIn(entries)) this.#arrived(lineOf(said, meta, this.#seat.user), said);
      if (entries.length > 0) show(entries.length);
    } catch {
      // Gone again, or nothing is kept: the divider has said what is certain.
    }
  }

  #lineChanged(isOnline: boolean): void {
    const [from, to] = isOnline ? (["queued", "sending"] as const) : (["sending", "queued"] as const);
    this.#pending = this.#pending.map((line) => (line.delivery === from ? { ...line, delivery: to } : line));
    this.#show();
  }

  #peopleChanged(members: readonly { readonly user: string | undefined; readonly data: unknown }[]): void {
    // Oneself first, then in the order in which they came: nobody moves when somebody joins.
    const people = new Map([[this.#seat.user, this.#me]]);
    for (const { user = "", data } of members) {
      const { name, isBot } = data as { readonly name: string; readonly isBot: boolean };
      if (user !== this.#seat.user) people.set(user, { user, name, isBot, isMe: false });
    }
    this.people.value = [...people.values()];
  }

  get #me(): Person {
    return { ...this.#seat, isBot: false, isMe: true };
  }

  #show(): void {
    if (this.#settled.length > itemsMax) {
      const dropped = this.#settled.splice(0, itemsDropped);
      const last = dropped.findLast((item) => item.kind === "line");
      this.#earliest = last?.position ?? this.#earliest;
      this.hasEarlier.value = true;
    }
    this.items.value = [...this.#settled, ...this.#pending];
  }
}
