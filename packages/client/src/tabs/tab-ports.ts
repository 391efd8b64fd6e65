// How tabs of one origin find each other: the ports, and what a browser has for them.

export interface TabPorts {
  /**
   * Calls `elected` once nobody else holds `name`, which is then held until the result is called or the page is gone. The
   * result ends the wait as well.
   */
  elect(name: string, elected: () => void): () => void;
  /** Messages to everybody else who joined `name`, in order; structured clones. None is sent to the sender itself. */
  join(name: string, heard: (message: unknown) => void): TabRoom;
}

export interface TabRoom {
  post(message: unknown): void;
  leave(): void;
}

/** Web Locks and BroadcastChannel; undefined where one of them is missing, as outside a secure context. */
export function browserTabs(): TabPorts | undefined {
  const { locks } = (globalThis.navigator ?? {}) as { readonly locks?: LockManager };
  if (!locks || !globalThis.BroadcastChannel) return undefined;
  return {
    elect(name, elected) {
      const stop = new AbortController();
      const over = new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve()));
      locks
        .request(name, { signal: stop.signal }, () => {
          elected();
          return over;
        })
        .catch(() => undefined); // it was given up
      return () => stop.abort();
    },
    join(name, heard) {
      const channel = new BroadcastChannel(name);
      channel.onmessage = ({ data }) => heard(data);
      return {
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is a window's; a channel has one origin
        post: (message) => channel.postMessage(message),
        leave: () => channel.close(),
      };
    },
  };
}
