// What happens to the page around us, as far as a connection cares. The core sees only the port.

export interface Lifecycle {
  /**
   * Calls `woke` when the network is back, or the page or machine was asleep or hidden: the link may be dead without
   * knowing. The result ends it.
   */
  watch(woke: () => void): () => void;
}

/** Reads the browser's events. Harmless where there is no window. */
export const browserLifecycle: Lifecycle = {
  watch(woke) {
    const stop = new AbortController();
    const { signal } = stop;
    if (typeof document !== "undefined") {
      for (const name of ["online", "pageshow"]) addEventListener(name, woke, { signal });
      document.addEventListener("visibilitychange", () => void (document.hidden || woke()), { signal });
    }
    return () => stop.abort();
  },
};
