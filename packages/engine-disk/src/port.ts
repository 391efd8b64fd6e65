// What the engine asks of a store on disk: ordered keys, consistent ranges, atomic batches. Knows nothing of logs.

/** Keys and values are bytes; keys are ordered as bytes. Whatever is passed in or handed out is never written to again. */
export interface KeyValueStore {
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  /** One consistent view, taken before the call returns its promise. */
  range(range: KeyRange): Promise<readonly KeyValue[]>;
  /**
   * All of it or nothing, also after a crash; of two writes the later survives only with the earlier. Visible to reads
   * before it resolves or when it does. With `sync` it has reached the disk by then, and so has everything written before.
   */
  write(changes: readonly Change[], options: { readonly sync: boolean }): Promise<void>;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

export interface KeyRange {
  /** First key, included. */
  readonly from: Uint8Array;
  /** Last key, excluded. */
  readonly to: Uint8Array;
  readonly limit: number;
  /** Stops behind the value with which this many bytes of values are reached. */
  readonly bytes?: number;
  /** From the end of the range backwards. */
  readonly reverse?: boolean;
}

export interface KeyValue {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** A value to put, or undefined to delete the key. */
export interface Change {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}
