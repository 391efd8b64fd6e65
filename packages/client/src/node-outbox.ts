// Entry `@heddle/client/outbox` in Node: publishes and positions that outlive the process.

export * from "./outbox.ts";
export { fileStore } from "./node-file-store.ts";
