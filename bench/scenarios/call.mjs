// What does a call of the whole system cost the server, beside Socket.IO with acknowledgements?

import { runDriven } from "../lib/driven.mjs";

export const title = "calls, 100 connections with one 64-byte question under way each: the whole system";
export const contenders = ["heddle", "socketio"];

const load = { driver: "calls", driverArgs: { count: 100 }, unit: "call" };
export const run = (names, options) => runDriven(names, options, load);
