// Which rooms there are, which of them this page follows, and which one it shows.

import { computed, signal } from "@preact/signals";
import type { Connection } from "../connection.ts";
import type { Seat } from "../door.ts";
import { RoomStore } from "./room-store.ts";

/** Rooms there always are. */
export const standingRooms = ["general", "weaving", "random"];
/** Rooms followed at once; the one longest out of view is let go. */
const followedMax = 8;
const roomsMax = 100;
export const roomPattern = /^[a-z0-9](?:[a-z0-9-]{0,22}[a-z0-9])?$/;

export class ChatStore {
  readonly rooms = signal<readonly string[]>(standingRooms);
  readonly current = signal<RoomStore | undefined>(undefined);
  /** Least recently shown first. */
  readonly followed = signal<readonly RoomStore[]>([]);
  readonly unreadCount = computed(() => this.followed.value.reduce((sum, room) => sum + room.unreadCount.value, 0));
  readonly #connection: Connection;
  readonly #seat: Seat;

  constructor(connection: Connection, seat: Seat) {
    this.#connection = connection;
    this.#seat = seat;
    const lobby = connection.client.channel("lobby", {}, { at: "snap" });
    lobby.onSnapshot((state) => this.#know((state as { readonly rooms: readonly string[] }).rooms));
    lobby.on("opened", ({ room }) => this.#know([room]));
    lobby.onGap((gap) => connection.noteGap(lobby.name, gap));
    // A restarted server knows the standing rooms only: tell it of the others we are in.
    connection.state.subscribe(({ name }) => {
      if (name !== "online") return;
      for (const { room } of this.followed.peek()) if (!standingRooms.includes(room)) this.#open(room);
    });
  }

  /** Shows a room and follows it. */
  show(room: string): void {
    if (!roomPattern.test(room)) return this.show("general");
    const before = this.current.peek();
    if (before?.room === room) return;
    if (before !== undefined) before.isInView = false;
    const known = this.followed.peek().find((store) => store.room === room);
    const store = known ?? new RoomStore(this.#connection, this.#seat, room);
    if (!this.rooms.peek().includes(room)) this.#open(room);
    store.isInView = true;
    store.seen();
    const others = this.followed.peek().filter((other) => other !== store);
    for (const left of others.splice(0, Math.max(0, others.length - followedMax + 1))) left.close();
    this.followed.value = [...others, store];
    this.current.value = store;
  }

  hide(): void {
    const current = this.current.peek();
    if (current !== undefined) current.isInView = false;
  }

  inView(): void {
    const current = this.current.peek();
    if (current === undefined) return;
    current.isInView = true;
    current.seen();
  }

  /** Makes the room known to everybody. It works without that too, so a failure costs nothing but the announcement. */
  #open(room: string): void {
    this.#know([room]);
    this.#connection.client.call("openRoom", { room }, { idempotent: true }).catch(() => undefined); // see above
  }

  #know(rooms: readonly string[]): void {
    this.rooms.value = [...new Set([...this.rooms.peek(), ...rooms])].slice(0, roomsMax);
  }
}
