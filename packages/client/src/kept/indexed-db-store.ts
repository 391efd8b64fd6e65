// The store in a browser: one object store of IndexedDB, under a Web Lock that lasts as long as the page.

import type { Opened, Row, Store } from "./store.ts";

const table = "rows";

/**
 * Records of this origin under a name. Use one name per user of the application. A change survives the page and the
 * browser's end, though not a power cut a moment later.
 *
 * One page has it at a time; without Web Locks (a page that is not in a secure context) none has.
 *
 * @param name  the database is `heddle:<name>`
 */
export function indexedDbStore({ name }: { readonly name: string }): Store {
  const full = `heddle:${name}`;
  let release: (() => void) | undefined;
  let database: IDBDatabase | undefined;

  /** @returns whether this page has it now */
  const lock = (): Promise<boolean> =>
    new Promise((resolve, reject) => {
      const { locks } = navigator as { readonly locks?: LockManager };
      if (!locks) return resolve(false);
      locks
        .request(full, { ifAvailable: true }, (held) => {
          resolve(!!held);
          // The lock is ours until what is returned here settles.
          return held ? new Promise<void>((done) => (release = done)) : undefined;
        })
        .catch(reject);
    });

  const unlock = (): void => {
    database?.close();
    database = undefined;
    release?.();
  };

  return {
    async open() {
      if (!(await lock())) return undefined;
      try {
        const opening = indexedDB.open(full, 1);
        opening.onupgradeneeded = () => void opening.result.createObjectStore(table);
        database = await resultOf(opening);
        return await readAll(database);
      } catch (cause) {
        unlock();
        throw cause;
      }
    },
    async write(changes) {
      if (!database) throw new Error("the store is closed");
      const transaction = database.transaction(table, "readwrite");
      const rows = transaction.objectStore(table);
      for (const [key, text] of changes) {
        if (text === undefined) rows.delete(key);
        else rows.put(text, key);
      }
      await committed(transaction);
    },
    close() {
      unlock();
      return Promise.resolve();
    },
  };
}

async function readAll(database: IDBDatabase): Promise<Opened> {
  const rows = database.transaction(table).objectStore(table);
  const [keys, texts] = await Promise.all([resultOf(rows.getAllKeys()), resultOf<unknown[]>(rows.getAll())]);
  const pairs = keys.map((key, index) => [key, texts[index]] as const);
  const found = pairs.filter((pair): pair is Row => pair.every((each) => typeof each === "string"));
  return { rows: found, corruptCount: pairs.length - found.length };
}

const resultOf = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser refused"));
  });

const committed = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    // A full disk ends in `abort` without an `error` before it.
    transaction.onabort = () => reject(transaction.error ?? new Error("the browser refused"));
  });
