// What happens to the page and the machine around us. The client sees only the port.

import type { DeviceEvent } from "./states.ts";

/** Events that a page or machine tells by itself. */
export type DeviceNews = Exclude<DeviceEvent, "jumped" | "due">;

export interface Device {
  /** Calls `tell` with every event, first of all `hidden` when it is so from the start. The result ends it. */
  watch(tell: (event: DeviceNews) => void): () => void;
}

/** Reads the browser's events. Harmless where there is no page, as in a worker. */
export const browserDevice: Device = {
  watch(tell) {
    const stop = new AbortController();
    const on = (
      target: EventTarget | undefined,
      name: string,
      newsOf: (fired: Event) => DeviceNews | undefined,
    ): void =>
      target?.addEventListener(
        name,
        (fired) => {
          const news = newsOf(fired);
          if (news) tell(news);
        },
        stop,
      );
    /** A page that is left for good closes its socket by itself. */
    const ifKept = (news: DeviceNews) => (fired: Event) =>
      (fired as PageTransitionEvent).persisted ? news : undefined;
    const page = globalThis.document as Document | undefined;
    on(page, "visibilitychange", () => (page?.hidden ? "hidden" : "visible"));
    on(page, "freeze", () => "frozen");
    on(page, "resume", () => "resumed");
    on(globalThis, "pagehide", ifKept("left"));
    on(globalThis, "pageshow", ifKept("returned"));
    on(globalThis, "online", () => "online"); // of `offline` nothing follows: what is cut off finds out, and may not be
    if (page?.hidden) tell("hidden");
    return () => stop.abort();
  },
};
