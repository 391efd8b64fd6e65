// Entry `@heddle/client`: the client with everything it has.

export * from "./websocket.ts";
