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
    // Going out of sight counts too: one ping more, and a test less.
    for (const name of ["online", "pageshow", "visibilitychange"]) globalThis.addEventListener?.(name, woke, stop);
    return () => stop.abort();
  },
};
