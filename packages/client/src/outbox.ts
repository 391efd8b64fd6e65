// Entry `@heddle/client/outbox`: publishes and positions that outlive the page.

export {
  keptLimits,
  openOutbox,
  type KeptLimits,
  type KeptOutbox,
  type OutboxOptions,
  type Settled,
} from "./kept/kept-outbox.ts";
export { keepMsMax, type Outcome } from "./kept/items.ts";
export { indexedDbStore } from "./kept/indexed-db-store.ts";
export { StoreError, type Change, type Opened, type Row, type Store, type StoreCode } from "./kept/store.ts";
