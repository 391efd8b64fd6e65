// One tab's way to a server over the socket that all tabs of the origin share. One of them leads: it has the socket, and
// passes on what others send and get. Every tab has a session of its own there, so each resumes by its own positions and
// repeats its own publishes, whoever leads.

import { wireLimits } from "@heddle/protocol";
import type { Clock } from "@heddle/base";
import type { Device } from "../device/device.ts";
import { newAlarm, type Alarm } from "../timers.ts";
import type { Transport, TransportHandlers, TransportLink } from "../transport/transport.ts";
import type { OverOne } from "./over-one.ts";
import type { TabPorts, TabRoom } from "./tab-ports.ts";

export interface AcrossTabsOptions {
  /** What is led by one tab at a time: an address. */
  readonly name: string;
  /** Tells this tab from the others; nobody else draws the same. */
  readonly id: string;
  readonly ports: TabPorts;
  /** Links over the one socket, for when this tab leads. */
  readonly shared: OverOne;
  /** A socket of this tab alone, for when there is no other way. */
  readonly alone: Transport;
  readonly clock: Clock;
  readonly device?: Device | undefined;
}

/** A leader that does not answer within this is passed by. Milliseconds. */
export const leaderMs = 3_000;

const lostCode = 1006;

/** From a tab to whoever leads, or from a new leader to all. */
type HallMessage =
  | { readonly is: "led"; readonly by: string }
  | { readonly is: "open"; readonly from: string; readonly link: number }
  | { readonly is: "send"; readonly from: string; readonly link: number; readonly text: string }
  | {
      readonly is: "close";
      readonly from: string;
      readonly link: number;
      readonly code: number | undefined;
      readonly reason: string | undefined;
    };

/** From the leader to one tab, about one of its links. */
type InboxMessage = { readonly by: string; readonly link: number } & (
  | { readonly is: "taken" | "refused" | "opened" }
  | { readonly is: "message"; readonly text: string }
  | { readonly is: "closed"; readonly code: number; readonly reason: string }
);

/** A link of this tab, from when it was asked for until it is over or has another one below. */
interface Own {
  readonly handlers: TransportHandlers;
  readonly alarm: Alarm;
  /** The leader that took it. */
  by: string | undefined;
  below: TransportLink | undefined;
}

export function acrossTabs(options: AcrossTabsOptions): Transport {
  const { name, id, ports, shared, alone, clock, device } = options;
  const own = new Map<number, Own>();
  let lastLink = 0;
  let hall: TabRoom | undefined;
  let isLeading = false;
  /** This tab is frozen or kept for the way back: it leads nobody. */
  let isAway = false;
  /** Others can tell when this tab is gone. */
  let isKnown = false;
  let withdraw: (() => void) | undefined;

  const [serve, dismiss] = newService(options, () => isLeading);

  const candidate = (): void => {
    if (!isAway) withdraw ??= ports.elect(name, lead);
  };
  const lead = (): void => {
    isLeading = true;
    hall?.post({ is: "led", by: id } satisfies HallMessage);
    for (const link of [...own.keys()]) led(link, id);
  };
  const stepDown = (): void => {
    const giveUp = withdraw;
    withdraw = undefined;
    if (isLeading) {
      isLeading = false;
      shared.end("its tab sleeps");
      dismiss();
    }
    giveUp?.();
  };

  /** Whoever led before leads no more. */
  const led = (link: number, by: string): void => {
    const it = own.get(link);
    if (!it || it.by === by) return;
    if (it.by === undefined) return ask(link, it);
    over(link);
    it.handlers.closed(lostCode, "another tab leads");
  };
  const over = (link: number): void => {
    own.get(link)?.alarm();
    own.delete(link);
  };
  const goOn = (link: number, it: Own, transport: Transport): void => {
    over(link);
    it.below = transport.open(it.handlers);
  };
  const ask = (link: number, it: Own): void => {
    if (isLeading) return goOn(link, it, shared.isUnknown ? alone : shared);
    if (isKnown) hall?.post({ is: "open", from: id, link } satisfies HallMessage);
  };

  const begin = (): void => {
    if (!hall) {
      hall = ports.join(name, (message) => {
        const told = message as HallMessage;
        if (told.is === "led") for (const link of [...own.keys()]) led(link, told.by);
        else serve(told);
      });
      ports.join(inboxOf(name, id), (message) => answered(message as InboxMessage));
      // Whoever leads waits for the same name, and gets it when this tab is gone.
      ports.elect(inboxOf(name, id), () => {
        isKnown = true;
        for (const [link, it] of own) ask(link, it);
      });
      device?.watch((news) => {
        isAway = news === "frozen" || news === "left" || (isAway && news === "hidden");
        if (isAway) stepDown();
        else candidate();
      });
    }
    candidate();
  };

  const answered = (message: InboxMessage): void => {
    const { by, link } = message;
    const it = own.get(link);
    if (!it) {
      // It went another way meanwhile.
      if (message.is === "taken")
        hall?.post({ is: "close", from: id, link, code: 4002, reason: "" } satisfies HallMessage);
      return;
    }
    if (message.is === "refused") return goOn(link, it, alone);
    if (message.is === "taken") {
      it.alarm();
      it.by = by;
    } else if (it.by !== by) return;
    else if (message.is === "opened") it.handlers.opened();
    else if (message.is === "message") it.handlers.message(message.text);
    else if (message.is === "closed") {
      over(link);
      it.handlers.closed(message.code, message.reason);
    }
  };

  return {
    name: alone.name,
    open(handlers) {
      begin();
      const link = ++lastLink;
      const it: Own = { handlers, alarm: newAlarm(clock), by: undefined, below: undefined };
      own.set(link, it);
      it.alarm(leaderMs, () => goOn(link, it, alone));
      ask(link, it);
      return {
        send(text) {
          if (it.below) it.below.send(text);
          else if (own.has(link)) hall?.post({ is: "send", from: id, link, text } satisfies HallMessage);
        },
        close(code, reason) {
          if (it.below) return it.below.close(code, reason);
          if (!own.has(link)) return;
          over(link);
          if (it.by) hall?.post({ is: "close", from: id, link, code, reason } satisfies HallMessage);
          clock.turnEnd(() => handlers.closed(code ?? 1000, reason ?? ""));
        },
      };
    },
  };
}

const inboxOf = (name: string, id: string): string => `${name} ${id}`;

/** Another tab, as the one that leads sees it. */
interface Served {
  readonly inbox: TabRoom;
  readonly links: Map<number, TransportLink>;
  /** Ends the wait for its end. */
  readonly forget: () => void;
}

/** What the tab that leads does for the others. */
function newService(
  { name, id, ports, shared }: AcrossTabsOptions,
  isLeading: () => boolean,
): readonly [serve: (message: Exclude<HallMessage, { is: "led" }>) => void, dismiss: () => void] {
  const tabs = new Map<string, Served>();

  const leave = (from: string): void => {
    const tab = tabs.get(from);
    tabs.delete(from);
    tab?.forget();
    tab?.inbox.leave();
    for (const link of tab?.links.values() ?? []) link.close(1001, "");
  };
  const tabOf = (from: string): Served => {
    let tab = tabs.get(from);
    if (!tab) {
      const inbox = ports.join(inboxOf(name, from), () => undefined);
      tab = { inbox, links: new Map(), forget: ports.elect(inboxOf(name, from), () => leave(from)) };
      tabs.set(from, tab);
    }
    return tab;
  };
  const open = (from: string, link: number): void => {
    const { inbox, links } = tabOf(from);
    const tell = (
      message: Pick<InboxMessage, "is"> & { readonly text?: string; readonly code?: number; readonly reason?: string },
    ): void => inbox.post({ by: id, link, ...message });
    if (links.has(link)) return; // asked twice
    if (shared.isUnknown || shared.linkCount >= wireLimits.tabCount) return tell({ is: "refused" });
    tell({ is: "taken" });
    const opened = shared.open({
      opened: () => tell({ is: "opened" }),
      message: (text) => tell({ is: "message", text }),
      closed(code, reason) {
        links.delete(link);
        tell({ is: "closed", code, reason });
      },
    });
    links.set(link, opened);
  };

  return [
    (message) => {
      if (!isLeading()) return;
      const { is, from, link } = message;
      if (is === "open") return open(from, link);
      const it = tabs.get(from)?.links.get(link);
      if (is === "send") it?.send(message.text);
      else it?.close(message.code, message.reason);
    },
    () => {
      for (const from of [...tabs.keys()]) leave(from);
    },
  ];
}
