// A peer in a process of its own: connects with the `ws` package, which answers pings, and says so. Argument: the URL.
import { WebSocket } from "ws";

const socket = new WebSocket(/** @type {string} */ (process.argv[2]));
socket.on("open", () => console.log("open"));
socket.on("close", () => process.exit(0));
