// The attacked server as a process of its own: tells its port, and its memory when asked.

import { targetServer } from "./target-server.ts";

const server = targetServer();
const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
process.on("message", () => process.send?.({ rssBytes: process.memoryUsage().rss }));
process.on("disconnect", () => process.exit(0));
process.send?.({ port });
