// What does it cost a server to read a small message and write it back?

import { runDriven } from "../lib/driven.mjs";

export const title = "echo, 100 connections with one 64-byte message under way each: the WebSocket layer alone";
export const contenders = ["websocket", "ws", "uws"];

const load = { driver: "echo", driverArgs: { count: 100, sizeBytes: 64 }, unit: "message" };
export const run = (names, options) => runDriven(names, options, load);
